/** A credential's value as its source gave it. */
export interface ReadCredential {
  readonly value: string;
  /** Unix milliseconds. */
  readonly expiresAt?: number;
  /** When it should be read again, in Unix milliseconds: before a login is to be renewed. */
  readonly refreshAt?: number;
  /** The value is still good, but could not be renewed: why, and what to do. */
  readonly problem?: string;
  readonly hint?: string;
  /** Something that the person should mend, e.g. a file that others can read. */
  readonly warning?: string;
}
