import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Decision } from "../spec/gate-protocol.ts";
import { openAuditLog } from "./audit-log.ts";
import { verifyAudit } from "./verify-audit.ts";

const decision = (path: string): Decision => ({
  sandbox: "a",
  ts: "2026-01-01T00:00:00.000Z",
  verdict: "allow",
  rule: "r",
  reason: "",
  method: "GET",
  scheme: "https",
  host: "h.example",
  port: 443,
  path,
});

function written(decisions: readonly string[]) {
  const dir = mkdtempSync(join(tmpdir(), "caisson-audit-"));
  const paths = { audit: join(dir, "audit.jsonl"), auditHead: join(dir, "head.json") };
  const log = openAuditLog(paths, () => {});
  for (const path of decisions) {
    log.add(decision(path));
    if (path.endsWith("1")) log.flush();
  }
  log.flush();
  return { paths, [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}

describe("must-have 34: verifyAudit()", () => {
  it("accepts what was written, also over several openings", () => {
    using log = written(["/1", "/2", "/3"]);
    const again = openAuditLog(log.paths, () => {});
    again.add(decision("/4"));
    again.flush();
    expect(verifyAudit(log.paths)).toEqual({ ok: true, lines: 4, beyondHead: 0 });
  });

  it("finds any altered, removed, reordered, added or cut-off line", () => {
    fc.assert(
      fc.property(
        fc.array(fc.webPath(), { minLength: 2, maxLength: 8 }),
        fc.nat(),
        fc.constantFrom("alter", "remove", "swap", "double", "cut", "cut-mid"),
        (list, pick, how) => {
          using log = written(list);
          const lines = readFileSync(log.paths.audit, "utf8").split("\n").slice(0, -1);
          const at = pick % lines.length;
          const next = (at + 1) % lines.length;
          const [line, other] = [lines[at] ?? "", lines[next] ?? ""];
          if (how === "alter") lines[at] = line.replace('"verdict":"allow"', '"verdict":"refuse"');
          if (how === "remove") lines.splice(at, 1);
          if (how === "swap") [lines[at], lines[next]] = [other, line];
          if (how === "double") lines.splice(at, 0, line);
          if (how === "cut") lines.splice(at);
          const text = lines.map((l) => `${l}\n`).join("");
          writeFileSync(log.paths.audit, how === "cut-mid" ? text.slice(0, -20) : text);
          expect(verifyAudit(log.paths).ok).toBe(false);
        },
      ),
    );
  });

  it("takes lines beyond the head for a crash between the two writes, and says how many", () => {
    using log = written(["/1"]);
    const head = readFileSync(log.paths.auditHead, "utf8");
    const again = openAuditLog(log.paths, () => {});
    again.add(decision("/2"));
    again.flush();
    writeFileSync(log.paths.auditHead, head);
    expect(verifyAudit(log.paths)).toEqual({ ok: true, lines: 2, beyondHead: 1 });
  });

  it("refuses a log whose head is gone", () => {
    using log = written(["/1"]);
    rmSync(log.paths.auditHead);
    expect(verifyAudit(log.paths)).toMatchObject({ ok: false });
  });
});
