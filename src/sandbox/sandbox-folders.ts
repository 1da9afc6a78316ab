import { join } from "node:path";

/** The engine's folders of one sandbox, below its state folder. All are scratch: of no use once the sandbox is gone. */
export function sandboxFolders(stateDir: string) {
  const private_ = join(stateDir, "private");
  return {
    private: private_,
    home: join(private_, "home"),
    tmp: join(private_, "tmp"),
    /** Seen at /run/caisson, read-only. */
    run: join(private_, "run"),
    trustBundle: join(private_, "run", "trust-bundle.pem"),
    etc: join(private_, "etc"),
    empty: join(private_, "empty-file"),
    emptyDir: join(private_, "empty-dir"),
    /** What bubblewrap tells of the holder. */
    holder: join(private_, "holder.json"),
    seccomp: join(private_, "seccomp.bpf"),
  } as const;
}

/** Where `run` is seen inside. */
export const runFolderInside = "/run/caisson";
