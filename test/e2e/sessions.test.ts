import { localTestEngine } from "../kit/test-engine.ts";
import { describeSessions } from "../suites/session-suite.ts";

describeSessions(localTestEngine);
