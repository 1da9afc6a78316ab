// Makes a base image for machines that reach no image registry: a small Debian from the machine's own package sources.
//   node bin/make-base-image.ts NAME[:TAG]        then: caisson images build --base NAME[:TAG]
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectDocker } from "../src/host/docker/connect-docker.ts";
import { makeBaseArchive } from "./make-base-image/base-archive.ts";
import { importImage } from "./make-base-image/import-image.ts";

const name = process.argv[2];
if (name === undefined || name.startsWith("-")) {
  console.error("usage: node bin/make-base-image.ts NAME[:TAG]");
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), "caisson-base-"));
try {
  const docker = await connectDocker(process.env);
  await docker.ping();
  await makeBaseArchive(join(folder, "base.tar"));
  console.log(await importImage(docker, { archive: createReadStream(join(folder, "base.tar")), name }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
