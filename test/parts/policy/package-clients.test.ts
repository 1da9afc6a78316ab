import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openPackageClientHost } from "../../../src/host/package-client/package-client-host.ts";
import { readPackageClients } from "../../../src/host/package-client/read-package-clients.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "caisson-clients-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const program = (path: string, text: string) => {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, 0o755);
};
const withPath = (...folders: readonly string[]) => ({
  PATH: [...folders, "/usr/bin", "/bin"].join(":"),
  HOME: folder,
});

describe("openPackageClientHost()", () => {
  it("starts no program of the workspace, whatever comes first on PATH", async () => {
    const workspace = join(folder, "repo");
    const mark = join(folder, "ran");
    program(join(workspace, "node_modules/.bin/npm"), `#!/bin/sh\ntouch ${mark}\necho https://evil.example/\n`);
    program(join(folder, "bin/npm"), "#!/bin/sh\necho https://mine.example/\n");
    // A link from outside into the workspace is the workspace's, too.
    mkdirSync(join(folder, "links"));
    symlinkSync(join(workspace, "node_modules/.bin/npm"), join(folder, "links/npm"));
    const environment = withPath(join(workspace, "node_modules/.bin"), join(folder, "links"), join(folder, "bin"));
    const host = openPackageClientHost({ environment, home: folder, workspace });
    const { npm } = await readPackageClients({ ...host, resolve: async () => [] }, ["npm"]);
    expect(npm?.map((source) => source.url)).toEqual(["https://mine.example/"]);
    expect(existsSync(mark)).toBe(false);
  });

  it("lets no client of the person's start a program of the workspace by its bare name", async () => {
    const workspace = join(folder, "repo");
    program(join(workspace, ".bin/node"), "#!/bin/sh\necho https://evil.example/\n");
    program(join(folder, "bin/npm"), "#!/bin/sh\nexec node x\n");
    program(join(folder, "bin/node"), "#!/bin/sh\necho https://mine.example/\n");
    const environment = withPath(join(workspace, ".bin"), join(folder, "bin"));
    const host = openPackageClientHost({ environment, home: folder, workspace });
    expect(await host.ask(host.findProgram("npm") ?? "", [])).toBe("https://mine.example/\n");
  });

  it("takes a client that fails for one that is not there", async () => {
    program(join(folder, "bin/npm"), "#!/bin/sh\necho https://half.example/\nexit 1\n");
    const host = openPackageClientHost({ environment: withPath(join(folder, "bin")), home: folder });
    expect(await host.ask(join(folder, "bin/npm"), [])).toBeUndefined();
    expect(await host.ask(join(folder, "nowhere"), [])).toBeUndefined();
  });

  it("looks names up as the machine does", async () => {
    const host = openPackageClientHost({ environment: {}, home: folder });
    expect(await host.resolve("localhost")).toContain("127.0.0.1");
  });
});
