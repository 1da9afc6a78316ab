import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Contender } from "./contenders.ts";

/** What every contender starts. */
export const image = "caisson-base:latest";

/** Prints nanoseconds since the epoch at its first instruction, or near enough: it is a small program of the image's. */
const stamp = ["date", "+%s%N"] as const;

/** Ways to start a command in a container; `afterwards` is what takes away what one of them leaves running. */
export function dockerContenders(given: {
  readonly root: string;
  readonly workspace: string;
  /** A compose file that Caisson wrote. */
  readonly topology: string;
  readonly slug: string;
}): {
  readonly alone: readonly Contender[];
  /** Those of which several may be at once: a compose file names its containers and networks. */
  readonly together: readonly Contender[];
  readonly afterwards: ReadonlyMap<Contender, readonly string[]>;
} {
  const { root, workspace, topology, slug } = given;
  const compose = ["docker-compose", "-f", topology, "-p", `caisson-${slug}`];
  const upAndExec = 'f=$1 p=$2; shift 2; docker-compose -f "$f" -p "$p" up -d && docker-compose -f "$f" -p "$p" "$@"';
  const caisson: Contender = {
    name: "caisson run",
    argv: [join(root, "bin/caisson"), "run", "--engine", "docker", "--json", "--", ...stamp],
  };
  const mount = ["--user", "1000:1000", "--init", "-v", `${workspace}:${workspace}`, "-w", workspace];
  const raw: Contender = { name: "docker run", argv: ["docker", "run", "--rm", ...mount, image, ...stamp] };
  const composed: Contender = {
    name: "docker-compose",
    argv: ["sh", "-c", upAndExec, "sh", topology, `caisson-${slug}`, "exec", "-T", "agent", ...stamp],
  };
  return {
    alone: [caisson, raw, composed],
    together: [caisson, raw],
    afterwards: new Map([[composed, [...compose, "down", "--timeout", "2"]]]),
  };
}

/** What the bench needs and this machine lacks; a peer that is missing is a failure, not an omitted row. */
export function missingDockerPeers(path: string): readonly string[] {
  const has = (file: string) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  const programs = ["docker", "dockerd", "docker-compose", "mmdebstrap"].filter(
    (name) => !path.split(delimiter).some((folder) => has(join(folder, name))),
  );
  return process.getuid?.() === 0 ? programs : [...programs, "root (the bench starts an engine of its own)"];
}
