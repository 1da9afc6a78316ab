import { inject } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";
import { describeMinted } from "../suites/minted-suite.ts";

describeMinted(dockerTestEngine(inject("dockerEngine")));
