import { localTestEngine } from "../kit/test-engine.ts";
import { describeSessionClients } from "../suites/session-clients-suite.ts";
import { describeSessions } from "../suites/session-suite.ts";

describeSessions(localTestEngine);
describeSessionClients(localTestEngine);
