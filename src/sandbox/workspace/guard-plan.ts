/** One mount of the guard, in the order in which it is made: a later one lies over an earlier one. */
export interface GuardMount {
  readonly kind: "bind" | "ro-bind";
  readonly source: string;
  readonly target: string;
}

/** Something the person should know of their workspace; becomes a `workspace_guarded` event. */
export interface GuardNote {
  /** Path relative to the workspace where it lies in it, else absolute. */
  readonly path: string;
  readonly action: "noticed" | "kept" | "dropped" | "disarmed" | "left";
  readonly detail: string;
}

/** How one workspace is guarded. A pure value: `--dry-run` prints it; it is all that settling needs after any death. */
export interface GuardPlan {
  readonly version: 1;
  /** Real path of the workspace, on the host and inside. */
  readonly workspace: string;
  /** Private state of the guard, `<stateDir>/guard`. */
  readonly guardDir: string;
  readonly mounts: readonly GuardMount[];
  /** Empty folders made in the workspace so that there is something to mount over, parents first. */
  readonly placeholders: readonly string[];
  readonly notes: readonly GuardNote[];
}
