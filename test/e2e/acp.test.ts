import { localTestEngine } from "../kit/test-engine.ts";
import { describeAcp } from "../suites/acp-suite.ts";

describeAcp(localTestEngine);
