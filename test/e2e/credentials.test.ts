import { localTestEngine } from "../kit/test-engine.ts";
import { describeCredentials } from "../suites/credentials-suite.ts";

describeCredentials(localTestEngine);
