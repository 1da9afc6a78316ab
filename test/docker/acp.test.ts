import { inject } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { describeAcp } from "../suites/acp-suite.ts";

describeAcp(dockerTestEngine(inject("dockerEngine")));
