import { localTestEngine } from "../kit/test-engine.ts";
import { describeWorkspaceCopy } from "../suites/workspace-copy-suite.ts";

describeWorkspaceCopy(localTestEngine);
