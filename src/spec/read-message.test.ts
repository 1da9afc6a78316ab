import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ToGate } from "./gate-protocol.ts";
import { ToKeeper } from "./keeper-protocol.ts";
import { readJournalLine, readMetadata, readToGate, readToKeeper } from "./read-message.ts";
import { JournalLine, Metadata } from "./state-files.ts";

const route = {
  name: "model",
  host: "api.example",
  paths: [{ prefix: "/v1" }],
  headers: [{ name: "accept" }],
  credential: { name: "key", inject: [{ as: "basic" }, { as: "header", name: "x-key" }] },
  upstream: "https://other.example/base",
  model: "openai",
};

const samples = [
  {
    schema: ToGate,
    read: readToGate,
    messages: [
      {
        type: "configure",
        sandbox: { id: "a", version: 1, routes: [route], credentials: [{ name: "key", placeholder: "x".repeat(16) }] },
        ca: { certificate: "c", key: "k" },
      },
      { type: "credential", sandbox: "a", name: "key", value: null, expiresAt: 12.5 },
      { type: "listen", sandbox: "a", host: "0.0.0.0", port: 1 },
      { type: "listen", sandbox: "a", host: "0.0.0.0", port: 1, peers: ["198.18.0.1"] },
      { type: "kill" },
    ],
  },
  {
    schema: ToKeeper,
    read: readToKeeper,
    messages: [
      { type: "attach" },
      { type: "exec", id: "1", argv: ["ls"], environment: { A: "b" }, pty: { columns: 1, rows: 2, term: "x" } },
      { type: "input", id: "1", data: "aGVsbG8=" },
      { type: "resize", id: "1", columns: 80, rows: 24 },
      { type: "allow", id: "1", route },
    ],
  },
  {
    schema: JournalLine,
    read: readJournalLine,
    messages: [{ ts: "2026-01-02T03:04:05.678Z", step: "a", phase: "intent", data: { pid: 1 }, later: true }],
  },
  {
    schema: Metadata,
    read: readMetadata,
    messages: [
      {
        version: 1,
        slug: "a",
        engine: "local",
        compose_project: "caisson-a",
        agent: "command",
        provider: "command",
        modelSource: "live",
        workspace: { mode: "mount", dir: "/w" },
        masked: [{ path: ".env", why: "a key" }],
        policyHash: "0",
        ports: [{ hostAddress: "127.0.0.1", hostPort: 1, port: 2 }],
        startedAt: "2026-01-02T03:04:05.678Z",
        endedAt: "2026-01-02T03:04:06.678Z",
        end: "failed",
        exitCode: null,
        keeper: { pid: 1, startTicks: "2", bootId: "3" },
      },
    ],
  },
];

/** A message with one part of it, at any depth, replaced, removed or added. */
function changed(message: unknown): fc.Arbitrary<unknown> {
  const other = fc.oneof(
    fc.anything({ maxDepth: 1 }).map((value) => JSON.parse(JSON.stringify(value) ?? "null") as unknown),
    fc.constantFrom("", "127.0.0.1", "*.example", "ftp://x.example", "/x", "model", 0, -1, 1.5, 70_000, {}, []),
  );
  if (typeof message !== "object" || message === null) return fc.oneof(fc.constant(message), other);
  const keys = [...Object.keys(message), "added"];
  return fc.oneof(
    { weight: 1, arbitrary: other },
    {
      weight: 6,
      arbitrary: fc.constantFrom(...keys).chain((key) => {
        const parts = message as Record<string, unknown>;
        const removed = Array.isArray(message)
          ? message.filter((_, index) => String(index) !== key)
          : Object.fromEntries(Object.entries(parts).filter(([name]) => name !== key));
        const copy = changed(parts[key]).map((value): unknown =>
          Object.assign(Array.isArray(message) ? [] : {}, message, { [key]: structuredClone(value) }),
        );
        return Array.isArray(message) && key === "added" ? fc.constant(removed) : fc.oneof(copy, fc.constant(removed));
      }),
    },
  );
}

describe("readers of messages", () => {
  it.each(samples.flatMap(({ schema, read, messages }) => messages.map((message) => ({ schema, read, message }))))(
    "take what the schema takes, and make the same of it: $message",
    ({ schema, read, message }) => {
      expect(read(message)).toEqual({ value: schema.parse(message) });
      fc.assert(
        fc.property(changed(message), (value) => {
          const wanted = schema.safeParse(value);
          const found = read(value);
          expect("value" in found).toBe(wanted.success);
          if (wanted.success) expect(found).toEqual({ value: wanted.data });
        }),
        { numRuns: 300 },
      );
    },
  );

  it("say where and what is wrong, and quote nothing", () => {
    const read = readToGate({ type: "credential", sandbox: "a", name: "SECRET NAME", value: "secret-value" });
    expect(read).toEqual({ problem: "name: not in the expected form" });
    expect(readToGate({ type: "listen", sandbox: "a", host: "h" })).toEqual({ problem: "port: missing" });
  });
});
