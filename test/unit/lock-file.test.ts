import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { type LockedPackage, missingOptionals, platformOf } from "../../bin/complete-lock/missing-optionals.ts";

const text = readFileSync(resolve(import.meta.dirname, "../../package-lock.json"), "utf8");
const lock = JSON.parse(text) as { packages: Record<string, LockedPackage> };

it("package-lock.json holds every optional package, of all platforms (else: node bin/complete-lock.ts)", () => {
  expect(missingOptionals(lock.packages)).toEqual([]);
});

it("package-lock.json names no registry", () => {
  expect(text).not.toContain('"resolved"');
});

it("missingOptionals() looks where Node would", () => {
  const packages = {
    "": { optionalDependencies: { a: "1.0.0" } },
    "node_modules/a": { optionalDependencies: { b: "2.0.0", c: "3.0.0" } },
    "node_modules/a/node_modules/b": {},
  };
  expect(missingOptionals(packages)).toEqual([{ name: "c", version: "3.0.0", parent: "node_modules/a" }]);
});

it.each([
  ["@biomejs/cli-linux-x64-musl", { cpu: ["x64"], libc: ["musl"], os: ["linux"] }],
  ["@oxc-parser/binding-linux-arm-gnueabihf", { cpu: ["arm"], libc: ["glibc"], os: ["linux"] }],
  ["opencode-windows-x64-baseline", { cpu: ["x64"], os: ["win32"] }],
  ["@biomejs/cli-darwin-arm64", { cpu: ["arm64"], os: ["darwin"] }],
])("platformOf() reads %s", (name, platform) => {
  expect(platformOf(name)).toEqual(platform);
});
