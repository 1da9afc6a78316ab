import { inject } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { describeLearn } from "../suites/learn-suite.ts";

describeLearn(dockerTestEngine(inject("dockerEngine")));
