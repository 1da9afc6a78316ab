import { localTestEngine } from "../kit/test-engine.ts";
import { describeLimits } from "../suites/limits-suite.ts";

describeLimits(localTestEngine);
