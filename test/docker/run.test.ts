import { inject } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { describeRun } from "../suites/run-suite.ts";

describeRun(dockerTestEngine(inject("dockerEngine")));
