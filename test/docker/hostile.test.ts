import { inject } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { describeHostileRepository } from "../suites/hostile-suite.ts";

describeHostileRepository(dockerTestEngine(inject("dockerEngine")));
