import { expect, it } from "vitest";
import { providers } from "../../src/provider/providers.ts";
import { sessionCases } from "../suites/session-cases.ts";

// What docs/providers.md says of a provider's sessions is tried, a turn and a resume on both engines; `acp` by agents of configurations.
it("every provider with a session has a row in the contract", () => {
  const tried = new Set(sessionCases.map(({ agent }) => agent));
  const held = Object.values(providers).filter(({ name, session }) => session !== undefined && name !== "acp");
  expect(held.map(({ name }) => name).filter((name) => !tried.has(name))).toEqual([]);
});
