import { createServer, type Server } from "node:http";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";

/** A package of a few shell scripts, as a registry hands it out. */
async function packageOf(scripts: Readonly<Record<string, string>>): Promise<Buffer> {
  const tar = pack();
  for (const [name, body] of Object.entries(scripts)) {
    tar.entry({ name: `package/${name}`, mode: 0o755 }, `#!/bin/sh\n${body}\n`);
  }
  tar.finalize();
  return gzipSync(await buffer(tar));
}

/** A registry with a Node and an npm that only pretend: enough to build an agent's image without the world. */
export interface TinyRegistry {
  readonly server: Server;
  /** Value of each request's Authorization header. */
  readonly signIns: (string | undefined)[];
}

/** Starts nothing yet: listen with the server. npm "installs" a program that says its version. */
export async function createTinyRegistry(): Promise<TinyRegistry> {
  const signIns: (string | undefined)[] = [];
  const install = [
    "cat /root/.npmrc >&2",
    'while [ $# -gt 0 ]; do [ "$1" = --prefix ] && folder=$2; shift; done',
    'mkdir -p "$folder/bin"; printf "#!/bin/sh\\necho 1.2.3\\n" > "$folder/bin/pi"; chmod 0755 "$folder/bin/pi"',
  ].join("\n");
  const packages: Readonly<Record<string, Buffer>> = {
    node: await packageOf({ "bin/node": "echo v26.0.0" }),
    npm: await packageOf({ "bin/npm-cli.js": install, "bin/npx-cli.js": "exit 1" }),
  };
  const server = createServer((request, response) => {
    signIns.push(request.headers.authorization);
    const name = /^\/(node|npm)[\w-]*\/-\//.exec(request.url ?? "")?.[1] ?? "";
    response.writeHead(packages[name] === undefined ? 404 : 200).end(packages[name]);
  });
  return { server, signIns };
}
