import { inject } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { describeLeftovers } from "../suites/leftovers-suite.ts";

describeLeftovers(dockerTestEngine(inject("dockerEngine")));
