import { localTestEngine } from "../kit/test-engine.ts";
import { describeSecrets } from "../suites/secrets-suite.ts";

describeSecrets(localTestEngine);
