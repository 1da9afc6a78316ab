import { inject } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { describeSessionClients } from "../suites/session-clients-suite.ts";
import { describeSessions } from "../suites/session-suite.ts";

const engine = dockerTestEngine(inject("dockerEngine"));

// What a provider's driver makes of a session is tried whole on the local engine: the driver does not know the engine. Here
// it is one driver for each way to talk to a CLI: lines of its own, and the Agent Client Protocol.
describeSessions(engine, ({ agent }) => ["claude-code", "stand-in"].includes(agent));
describeSessionClients(engine);
