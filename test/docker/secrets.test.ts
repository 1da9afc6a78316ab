import { inject } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { describeSecrets } from "../suites/secrets-suite.ts";

describeSecrets(dockerTestEngine(inject("dockerEngine")));
