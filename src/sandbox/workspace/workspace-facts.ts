import type { GuardNote } from "./guard-plan.ts";

/** What is in a workspace, as far as guarding it needs to know. */
export interface WorkspaceFacts {
  /** Its real path. */
  readonly dir: string;
  /** Protected paths that are there, relative to the workspace. */
  readonly present: readonly string[];
  /** Protected paths that are not there, relative to the workspace; their parents are. */
  readonly absent: readonly string[];
  readonly notes: readonly GuardNote[];
}
