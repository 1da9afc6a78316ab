import { localTestEngine } from "../kit/test-engine.ts";
import { describeManifest, describeNewProvider } from "../suites/manifest-suite.ts";

describeManifest(localTestEngine);
describeNewProvider(localTestEngine);
