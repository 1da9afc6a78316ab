import { inject } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { describeSessions } from "../suites/session-suite.ts";

describeSessions(dockerTestEngine(inject("dockerEngine")));
