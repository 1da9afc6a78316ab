import { inject } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { describeManifest } from "../suites/manifest-suite.ts";

describeManifest(dockerTestEngine(inject("dockerEngine")));
