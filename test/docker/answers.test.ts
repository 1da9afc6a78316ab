import { inject } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { describeAnswers } from "../suites/answers-suite.ts";

describeAnswers(dockerTestEngine(inject("dockerEngine")));
