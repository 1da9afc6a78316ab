import { join } from "node:path";
import type { GuardHost } from "./guard-host.ts";

/**
 * Copies files and folders until the budget of entries is used up. No link is followed: a repository from elsewhere may
 * hold any. Links are left out, or come along as links.
 */
export function copyTree(
  host: GuardHost,
  from: string,
  to: string,
  budget: { left: number },
  links: "no links" | "links too" = "no links",
): void {
  const kind = host.look(from)?.kind;
  if (kind === undefined || budget.left <= 0) return;
  budget.left -= 1;
  if (kind === "file") host.copyFile(from, to);
  if (kind === "link" && links === "links too") host.makeLink(host.readLink(from) ?? "", to);
  if (kind !== "folder") return;
  host.makeFolder(to, 0o755);
  for (const { name } of host.list(from)) copyTree(host, join(from, name), join(to, name), budget, links);
}
