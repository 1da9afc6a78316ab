import { createHash } from "node:crypto";
import { buildImage } from "../../src/host/docker/build-image.ts";
import { dockerEngineAt, reconnectDockerEngine } from "./docker-engine.ts";

// As the official image does it: root owns nothing of the data, makes it the database's, and becomes its user.
const entry = `#!/bin/sh
set -eu
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
data=/var/lib/postgresql/data
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$data" && chown postgres:postgres "$data" && chmod 0700 "$data"
  exec setpriv --reuid=postgres --regid=postgres --clear-groups "$0"
fi
if [ -z "\${POSTGRES_PASSWORD:-}" ]; then echo "POSTGRES_PASSWORD is not said" >&2; exit 1; fi
printf '%s' "$POSTGRES_PASSWORD" > /tmp/password
initdb --pgdata="$data" --auth-host=scram-sha-256 --auth-local=trust --username=postgres --pwfile=/tmp/password --no-sync
rm /tmp/password
echo "host all all all scram-sha-256" >> "$data/pg_hba.conf"
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/tmp -c fsync=off
`;

const dockerfile = `FROM caisson-base:latest
USER root
RUN apt-get update \\
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends postgresql postgresql-client \\
 && rm -rf /var/lib/apt/lists/* /var/lib/postgresql/*
COPY entry.sh /entry.sh
VOLUME /var/lib/postgresql/data
ENTRYPOINT ["/entry.sh"]
CMD []
`;

/** Name of the tests' PostgreSQL: Debian's, on the base of the agents, with `psql`. */
export const postgresImage = `caisson-test-postgres:${createHash("sha256").update(dockerfile).update(entry).digest("hex").slice(0, 12)}`;

/** Has it in the tests' engine: built once (the engine is open to the machine's network for that moment). */
export async function providePostgres(name: string): Promise<string> {
  const here = await (await dockerEngineAt(name).connect())
    .getImage(postgresImage)
    .inspect()
    .then(
      () => true,
      () => false,
    );
  if (here) return postgresImage;
  await reconnectDockerEngine(name, "open");
  try {
    const build = {
      dockerfile,
      files: new Map([["entry.sh", entry]]),
      target: "",
      tags: [postgresImage],
      arguments: {},
      // It is no image of a target of ours.
      labels: { "caisson.target": "" },
      network: "host",
    };
    const docker = await dockerEngineAt(name).connect();
    const outcome = await buildImage(docker, build, { tell: () => {}, signal: new AbortController().signal });
    if (!outcome.ok) throw new Error(`${outcome.step}: ${outcome.reason}\n${outcome.output}`);
  } finally {
    await reconnectDockerEngine(name, "sealed");
  }
  return postgresImage;
}
