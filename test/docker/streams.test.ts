import { inject } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { describeStreams } from "../suites/streams-suite.ts";

describeStreams(dockerTestEngine(inject("dockerEngine")));
