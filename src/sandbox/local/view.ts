/** One mount of a sandbox, in bubblewrap's words. Order matters: a later one lies over an earlier one. */
export type ViewMount =
  | { readonly kind: "bind" | "ro-bind" | "dev-bind"; readonly source: string; readonly target: string }
  /** Ignored when the source is not there at the moment of mounting. */
  | { readonly kind: "bind-try" | "ro-bind-try"; readonly source: string; readonly target: string }
  | { readonly kind: "symlink"; readonly source: string; readonly target: string }
  | { readonly kind: "tmpfs"; readonly target: string; readonly bytes?: number }
  | { readonly kind: "dir" | "remount-ro" | "proc" | "dev"; readonly target: string };

/** What the workspace guard wants mounted, on top of the system's and the private folders. */
export interface SandboxView {
  readonly mounts: readonly ViewMount[];
}
