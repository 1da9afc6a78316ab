import { inject } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { describeAgents } from "../suites/agents-suite.ts";

describeAgents(dockerTestEngine(inject("dockerEngine")));
