import { inject } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { describeTrust } from "../suites/trust-suite.ts";

describeTrust(dockerTestEngine(inject("dockerEngine")));
