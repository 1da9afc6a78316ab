import { inject } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { describeWorkspaceCopy } from "../suites/workspace-copy-suite.ts";

describeWorkspaceCopy(dockerTestEngine(inject("dockerEngine")));
