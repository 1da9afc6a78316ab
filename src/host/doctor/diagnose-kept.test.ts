import { expect, it } from "vitest";
import { diagnoseKept } from "./diagnose-kept.ts";
import type { MachineFacts } from "./machine-facts.ts";

const rowOf = (kept: MachineFacts["kept"]) => diagnoseKept({ kept } as MachineFacts);

it("says nothing where nothing is kept", () => {
  expect(rowOf(undefined)).toEqual([]);
  expect(rowOf({ names: [], logins: [] })).toEqual([]);
});

it("names what is kept and what seals it", () => {
  expect(rowOf({ names: ["a", "b"], logins: [], sealedBy: "passphrase" })).toEqual([
    { name: "credentials", state: "ready", isNeeded: false, detail: "kept: a, b · sealed by your passphrase" },
  ]);
});

it("says what keeps it closed, and which login is over", () => {
  expect(rowOf({ names: ["a"], logins: [], problem: "Cannot open" })).toMatchObject([
    { state: "not ready", detail: "kept: a · Cannot open", hint: expect.stringContaining("CAISSON_PASSPHRASE") },
  ]);
  const logins = [{ provider: "codex" }, { provider: "claude-code", trouble: "invalid_grant" }];
  expect(rowOf({ names: ["a"], logins, sealedBy: "keyring" })).toMatchObject([
    { state: "not ready", hint: "caisson login claude-code" },
  ]);
});
