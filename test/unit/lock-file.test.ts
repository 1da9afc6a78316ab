import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";

interface Entry {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const file = resolve(import.meta.dirname, "../../package-lock.json");
const packages = (JSON.parse(readFileSync(file, "utf8")) as { packages: Record<string, Entry> }).packages;

describe("package-lock.json", () => {
  it("names every optional package of every platform: `npm ci` refuses a lock that lacks one", () => {
    // A registry mirror that has no build for some platform makes `npm install` leave that package out of the lock.
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`${path}/node_modules/${name}` in packages || `node_modules/${name}` in packages),
      ),
    );
    expect(missing).toEqual([]);
  });

  it("names no registry", () => {
    expect(Object.values(packages).filter(({ resolved }) => resolved?.startsWith("http"))).toEqual([]);
  });
});
