/** One line of `doctor`: a thing, how it stands, and a command when there is something to do. */
export interface DoctorRow {
  readonly name: string;
  readonly state: "ready" | "not ready" | "not in this version" | "found" | "not found" | "not tested";
  readonly detail: string;
  readonly hint?: string;
  /** Whether Caisson is not ready while this is not. */
  readonly isNeeded: boolean;
}
