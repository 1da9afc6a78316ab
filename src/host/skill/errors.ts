import { failures } from "../../base/failure.ts";

const usage = { status: 400, exit: 2 } as const;

/** Failures of reading a skill's folder. */
export const skillFailure = failures({
  skill_missing: {
    message: (d: { dir: string }) => `Cannot use skill: ${d.dir} has no SKILL.md`,
    hint: (d) => `ls ${d.dir}`,
    ...usage,
  },
  skill_leads_out: {
    message: (d: { dir: string; path: string; within: string }) =>
      `Cannot use skill: ${d.path} of ${d.dir} leads out of ${d.within}`,
    hint: () => "replace the link by the file itself",
    ...usage,
    exit: 5,
  },
  skill_too_large: {
    message: (d: { dir: string; limit: string }) => `Cannot use skill: ${d.dir} is larger than ${d.limit}`,
    hint: (d) => `du -a ${d.dir} | sort -n | tail`,
    ...usage,
  },
  skill_unreadable: {
    message: (d: { dir: string; path: string; problem: string }) =>
      `Cannot use skill: ${d.path} of ${d.dir} ${d.problem}`,
    hint: (d) => `file ${d.dir}/${d.path}`,
    ...usage,
  },
});
