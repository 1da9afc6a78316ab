import { createHash } from "node:crypto";
import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Decision } from "../spec/gate-protocol.ts";
import { dropCutLine } from "./drop-cut-line.ts";

/** Hash before the first line. */
export const genesis = "0".repeat(64);

/** Hash of line `n`, from the hash of the line before it and the decision as it is written. */
export const chain = (prev: string, n: number, decision: unknown) =>
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
  dropCutLine(paths.audit);
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

// The keeper is the log's only writer and starts with an empty folder; what is there is from its own earlier opening.
function lastOf(path: string): { count: number; hash: string } {
  try {
    const last = readFileSync(path, "utf8").trimEnd().split("\n").at(-1) ?? "";
    const line = JSON.parse(last) as { n: number; hash: string };
    return { count: line.n, hash: line.hash };
  } catch {
    return { count: 0, hash: genesis };
  }
}
