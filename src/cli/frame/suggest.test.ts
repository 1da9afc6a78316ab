import { expect, it } from "vitest";
import { suggest } from "./suggest.ts";

const commands = ["run", "attach", "exec", "verify", "cleanup", "policy allow"];

it.each([
  ["rnu", "run"],
  ["verfiy", "verify"],
  ["attch", "attach"],
  ["policy alow", "policy allow"],
])("suggest() takes %s for %s", (typed, meant) => {
  expect(suggest(typed, commands)).toBe(meant);
});

it("suggest() says nothing when nothing is close", () => {
  expect(suggest("frobnicate", commands)).toBeUndefined();
});
