import { localTestEngine } from "../kit/test-engine.ts";
import { describeLogins } from "../suites/logins-suite.ts";

describeLogins(localTestEngine);
