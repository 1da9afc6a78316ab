import { localTestEngine } from "../kit/test-engine.ts";
import { describeHostileRepository } from "../suites/hostile-suite.ts";

describeHostileRepository(localTestEngine);
