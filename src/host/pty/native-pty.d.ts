declare module "@lydell/node-pty/requireBinary.js" {
  interface NativePty {
    open(columns: number, rows: number): { readonly master: number; readonly slave: number; readonly pty: string };
    resize(master: number, columns: number, rows: number): void;
  }
  /** Loads the package's prebuilt native part for this machine. */
  export function requireBinary(file: "pty.node"): NativePty;
}
