import { localTestEngine } from "../kit/test-engine.ts";
import { describeTrust } from "../suites/trust-suite.ts";

describeTrust(localTestEngine);
