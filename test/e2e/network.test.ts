import { afterAll, it } from "vitest";
import { openSealedLocalEngine } from "../kit/sealed-local-engine.ts";
import { missingForWorld } from "../kit/world.ts";
import { describeNetwork } from "../suites/network-suite.ts";

const missing = missingForWorld();
if (missing.length > 0) it.skip(`a network of the tests' own: ${missing.join("; ")}`);
else {
  const engine = await openSealedLocalEngine();
  afterAll(() => engine[Symbol.asyncDispose]());
  describeNetwork(engine);
}
