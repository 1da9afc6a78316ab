import { localTestEngine } from "../kit/test-engine.ts";
import { describeMinted } from "../suites/minted-suite.ts";

describeMinted(localTestEngine);
