import { localTestEngine } from "../kit/test-engine.ts";
import { describeLeftovers } from "../suites/leftovers-suite.ts";

describeLeftovers(localTestEngine);
