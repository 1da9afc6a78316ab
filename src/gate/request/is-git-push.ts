import type { Target } from "../../policy/match/parse-target.ts";

/** Whether a request is part of a git push over HTTPS: pushes go through the git gateway, never through a route. */
export function isGitPush(target: Target): boolean {
  if (target.readings.some((path) => path.endsWith("/git-receive-pack"))) return true;
  const query = target.query;
  if (query === undefined || !/receive-pack|%/i.test(query)) return false;
  return query.split(/[&;]/).some((part) => {
    try {
      return /^service=git-receive-pack$/i.test(decodeURIComponent(part));
    } catch {
      return false;
    }
  });
}
