/** Something the person should know about how the policy came to be; safe to show (no secret). */
export interface Note {
  readonly level: "info" | "warning";
  readonly code: string;
  readonly text: string;
}
