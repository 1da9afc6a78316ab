import { inject } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { describeCredentials } from "../suites/credentials-suite.ts";

describeCredentials(dockerTestEngine(inject("dockerEngine")));
