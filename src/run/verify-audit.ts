import { readFileSync } from "node:fs";
import { AuditHead, AuditLine } from "../spec/state-files.ts";
import { chain, genesis } from "./audit-log.ts";

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
