/** Something that goes on while a sandbox runs. */
export interface LivePart {
  /** Does all there is to do right now. */
  flush(): Promise<void>;
  /** Stops; resolves when nothing of it runs any more. */
  close(): Promise<void>;
}
