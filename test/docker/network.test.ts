import { inject } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { describeNetwork } from "../suites/network-suite.ts";

describeNetwork(dockerTestEngine(inject("dockerEngine")));
