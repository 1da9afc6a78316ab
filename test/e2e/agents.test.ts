import { localTestEngine } from "../kit/test-engine.ts";
import { describeAgents } from "../suites/agents-suite.ts";

describeAgents(localTestEngine);
