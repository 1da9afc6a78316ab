import { inject } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { describeLimits } from "../suites/limits-suite.ts";

describeLimits(dockerTestEngine(inject("dockerEngine")));
