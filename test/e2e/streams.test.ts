import { localTestEngine } from "../kit/test-engine.ts";
import { describeStreams } from "../suites/streams-suite.ts";

describeStreams(localTestEngine);
