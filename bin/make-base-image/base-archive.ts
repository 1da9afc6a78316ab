import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { renameSync } from "node:fs";
import { promisify } from "node:util";

const suite = "bookworm";

/** Only what a container needs: no package lists, manuals or translations. */
const excluded = ["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*"];

const options = ["--variant=minbase", ...excluded.map((path) => `--dpkgopt=path-exclude=${path}`)];

/** Changes when what is put into the archive does; not with the packages' versions. */
export const baseArchiveKey = createHash("sha256")
  .update([suite, process.arch, ...options].join("\n"))
  .digest("hex")
  .slice(0, 12);

/** Makes the file system of a small Debian from this machine's own package sources, as a tar file. Needs mmdebstrap, and root or user namespaces. */
export async function makeBaseArchive(file: string): Promise<void> {
  const unfinished = `${file}.${process.pid}.tar`;
  await promisify(execFile)("mmdebstrap", [...options, suite, unfinished], {
    timeout: 600_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  renameSync(unfinished, file);
}
