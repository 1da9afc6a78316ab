import { inject } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { describeCommands } from "../suites/commands-suite.ts";

describeCommands(dockerTestEngine(inject("dockerEngine")));
