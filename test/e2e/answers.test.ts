import { localTestEngine } from "../kit/test-engine.ts";
import { describeAnswers } from "../suites/answers-suite.ts";

describeAnswers(localTestEngine);
