import { inject } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { describeSessionClients } from "../suites/session-clients-suite.ts";
import { describeSessions } from "../suites/session-suite.ts";

const engine = dockerTestEngine(inject("dockerEngine"));

describeSessions(engine);
describeSessionClients(engine);
