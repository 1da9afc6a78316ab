import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const src = resolve(import.meta.dirname, "../../src");

// DESIGN.md section 4. A room may import itself, what its row lists, and nothing else of ours.
const rooms: Readonly<Record<string, readonly string[]>> = {
  base: [],
  spec: ["base"],
  host: ["base", "spec"],
  store: ["base", "spec", "host"],
  policy: ["base", "spec"],
  model: ["base", "spec"],
  gate: ["base", "spec", "host", "policy", "model"],
  provider: ["base", "spec", "model"],
  sandbox: ["base", "spec", "host", "policy", "provider"],
  run: ["base", "spec", "host", "policy", "provider", "sandbox", "store", "model"],
  queue: ["base", "spec", "store"],
  client: ["base", "spec"],
  runner: ["base", "spec", "host", "policy", "provider", "sandbox", "store", "model", "run", "client"],
  team: ["base", "spec", "host"],
  server: [
    "base",
    "spec",
    "host",
    "policy",
    "provider",
    "sandbox",
    "store",
    "model",
    "run",
    "client",
    "queue",
    "runner",
    "team",
  ],
  cli: [
    "base",
    "spec",
    "host",
    "store",
    "policy",
    "model",
    "gate",
    "provider",
    "sandbox",
    "run",
    "queue",
    "client",
    "runner",
    "team",
    "server",
  ],
  dashboard: ["base", "spec", "client"],
};
const withoutNode = ["base", "spec", "policy"];
const withoutPackages = ["base"];

const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
const roomOf = (file: string) => file.split("/")[0] ?? "";
const importsOf = (file: string): string[] => {
  const text = readFileSync(join(src, file), "utf8");
  return [
    ...text.matchAll(
      /(?:^|\s)(?:import|export)\s[^;]*?from\s+"([^"]+)"|import\(\s*"([^"]+)"\s*\)|^import\s+"([^"]+)"/gm,
    ),
  ].map((m) => m[1] ?? m[2] ?? m[3] ?? "");
};
const localImportsOf = (file: string) =>
  importsOf(file)
    .filter((name) => name.startsWith("."))
    .map((name) => relative(src, resolve(src, dirname(file), name)));

describe("architecture", () => {
  it("has every room of src in the table", () => {
    expect(new Set(files.map(roomOf).filter((room) => !(room in rooms)))).toEqual(new Set());
  });

  it("keeps every import inside its room's row", () => {
    const wrong = files.flatMap((file) =>
      localImportsOf(file)
        // A test may use the test kit, which lies outside of src.
        .filter((target) => !(file.endsWith(".test.ts") && target.startsWith("../test/")))
        .filter((target) => roomOf(target) !== roomOf(file) && !rooms[roomOf(file)]?.includes(roomOf(target)))
        .map((target) => `${file} -> ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it("has no import cycle", () => {
    const graph = new Map(files.map((file) => [file, localImportsOf(file)]));
    const state = new Map<string, "open" | "done">();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]) => {
      if (state.get(file) === "done") return;
      if (state.get(file) === "open") {
        cycles.push([...path.slice(path.indexOf(file)), file].join(" -> "));
        return;
      }
      state.set(file, "open");
      for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
      state.set(file, "done");
    };
    for (const file of files) visit(file, []);
    expect(cycles).toEqual([]);
  });

  it("keeps node:* out of the pure rooms and packages out of base", () => {
    const sources = files.filter((file) => !file.endsWith(".test.ts"));
    const impure = sources.filter(
      (f) => withoutNode.includes(roomOf(f)) && importsOf(f).some((name) => name.startsWith("node:")),
    );
    const heavy = sources.filter(
      (f) => withoutPackages.includes(roomOf(f)) && importsOf(f).some((name) => !name.startsWith(".")),
    );
    expect({ impure, heavy }).toEqual({ impure: [], heavy: [] });
  });

  it("names every room in AGENTS.md", () => {
    const agents = readFileSync(resolve(src, "../AGENTS.md"), "utf8");
    const present = new Set(files.map(roomOf));
    expect([...present].filter((room) => !agents.includes(`src/${room}`))).toEqual([]);
  });
});
