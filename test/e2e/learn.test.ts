import { localTestEngine } from "../kit/test-engine.ts";
import { describeLearn } from "../suites/learn-suite.ts";

describeLearn(localTestEngine);
