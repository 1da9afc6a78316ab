import { localTestEngine } from "../kit/test-engine.ts";
import { describeCommands } from "../suites/commands-suite.ts";

describeCommands(localTestEngine);
