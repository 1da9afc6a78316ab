import { inject } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { describeLogins } from "../suites/logins-suite.ts";

describeLogins(dockerTestEngine(inject("dockerEngine")));
