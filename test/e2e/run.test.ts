import { localTestEngine } from "../kit/test-engine.ts";
import { describeRun } from "../suites/run-suite.ts";

describeRun(localTestEngine);
