import { createHash } from "node:crypto";
import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Decision } from "../spec/gate-protocol.ts";
import { AuditHead, AuditLine } from "../spec/state-files.ts";

/** Hash before the first line. */
const genesis = "0".repeat(64);

const chain = (prev: string, n: number, decision: unknown) =>
  createHash("sha256")
    .update(`${prev}\n${n}\n${JSON.stringify(decision)}`)
    .digest("hex");

/** The hash-chained list of decisions. Lines are written in small batches; `flush` makes what was added visible. */
export interface AuditLog {
  add(decision: Decision): void;
  flush(): void;
}

/**
 * Opens the audit log. The head (count and hash of the last line) is kept outside the gate's folder and written after
 * the lines it stands for: a crash between the two leaves lines beyond the head, never a head beyond the lines.
 */
export function openAuditLog(
  paths: { audit: string; auditHead: string },
  schedule: (flush: () => void) => void,
): AuditLog {
  let { count, hash } = lastOf(paths.audit);
  let batch = "";
  const flush = () => {
    if (batch === "") return;
    const text = batch;
    batch = "";
    appendFileSync(paths.audit, text, { mode: 0o600 });
    writeFileSync(`${paths.auditHead}.tmp`, JSON.stringify({ count, hash }), { mode: 0o600 });
    renameSync(`${paths.auditHead}.tmp`, paths.auditHead);
  };
  return {
    add(decision) {
      const prev = hash;
      count += 1;
      hash = chain(prev, count, decision);
      if (batch === "") schedule(flush);
      batch += `${JSON.stringify({ n: count, prev, hash, decision })}\n`;
    },
    flush,
  };
}

function lastOf(path: string): { count: number; hash: string } {
  const last = readAuditLines(path).at(-1);
  return last ? { count: last.n, hash: last.hash } : { count: 0, hash: genesis };
}

/** The audit log's lines as far as they can be read. */
export function readAuditLines(path: string): readonly AuditLine[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  const lines: AuditLine[] = [];
  for (const line of text.split("\n")) {
    const parsed = line === "" ? undefined : AuditLine.safeParse(safeJson(line));
    if (parsed?.success) lines.push(parsed.data);
  }
  return lines;
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What checking an audit log found: `ok` with the number of lines, or the first line that is wrong and why. */
export type AuditVerdict =
  | { readonly ok: true; readonly lines: number; readonly beyondHead: number }
  | { readonly ok: false; readonly line: number; readonly reason: string };

/** Checks the chain line by line and against the head: finds an altered, removed, reordered, added or cut-off line. */
export function verifyAudit(paths: { audit: string; auditHead: string }): AuditVerdict {
  const head = readHead(paths.auditHead);
  let text = "";
  try {
    text = readFileSync(paths.audit, "utf8");
  } catch {
    if (head === undefined || head.count === 0) return { ok: true, lines: 0, beyondHead: 0 };
  }
  if (head === undefined && text !== "") return { ok: false, line: 1, reason: "the head is missing or unreadable" };
  const rows = text.split("\n");
  const last = rows.pop();
  let prev = genesis;
  let n = 0;
  for (const row of rows) {
    n += 1;
    const line = AuditLine.safeParse(safeJson(row));
    if (!line.success) return { ok: false, line: n, reason: "the line cannot be read" };
    if (line.data.n !== n) return { ok: false, line: n, reason: `the line says it is number ${line.data.n}` };
    if (line.data.prev !== prev)
      return { ok: false, line: n, reason: "the line before it is not the one it was written after" };
    if (line.data.hash !== chain(prev, n, line.data.decision))
      return { ok: false, line: n, reason: "the line was altered" };
    prev = line.data.hash;
    if (head && n === head.count && prev !== head.hash)
      return { ok: false, line: n, reason: "the chain does not lead to the head" };
  }
  if (head && n < head.count)
    return { ok: false, line: n + 1, reason: `${head.count - n} lines at the end are missing` };
  // Bytes after the last line feed: a batch that a crash cut in two, which the head does not yet count.
  if (last !== "" && last !== undefined && n < (head?.count ?? 0))
    return { ok: false, line: n + 1, reason: "the last line is cut" };
  return { ok: true, lines: n, beyondHead: n - (head?.count ?? 0) };
}

function readHead(path: string): AuditHead | undefined {
  try {
    return AuditHead.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return undefined;
  }
}
