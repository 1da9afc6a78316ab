import { describe, expect, it } from "vitest";
import type { PackageClientHost } from "./package-client-host.ts";
import { readPackageClients } from "./read-package-clients.ts";

interface Machine {
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly programs?: Readonly<Record<string, string>>;
  readonly addresses?: Readonly<Record<string, readonly string[]>>;
}

const workspace = "/work/repo";
function machine({ files = {}, environment = {}, programs = {}, addresses = {} }: Machine): PackageClientHost {
  return {
    environment,
    home: "/home/me",
    workspace,
    readText: (path) => files[path],
    list: (dir) =>
      Object.keys(files).flatMap((path) => (path.startsWith(`${dir}/`) ? [path.slice(dir.length + 1)] : [])),
    findProgram: (name) => (name in programs ? `/usr/bin/${name}` : undefined),
    ask: async (program) => programs[program.slice("/usr/bin/".length)],
    resolve: async (host) => addresses[host] ?? [],
  };
}

const readNpm = async (given: Machine) => (await readPackageClients(machine(given), ["npm"])).npm;
const readPip = async (given: Machine) => readPackageClients(machine(given), ["pip"]);

describe("readPackageClients() of npm", () => {
  it("lets variables win over the user's file, and that over the global one", async () => {
    const files = {
      "/home/me/.npmrc": "; mine\nregistry = https://user.example/npm\nprefix=/opt/node\n",
      "/opt/node/etc/npmrc": "registry=https://global.example/\n@acme:registry=https://acme.example/\n",
    };
    expect(await readNpm({ files })).toMatchObject([
      { url: "https://user.example/npm/", role: "main", from: "/home/me/.npmrc", trusted: true },
      { url: "https://acme.example/", scope: "@acme", role: "extra", from: "/opt/node/etc/npmrc" },
    ]);
    const environment = { NPM_CONFIG_REGISTRY: "https://env.example" };
    expect((await readNpm({ files, environment }))?.[0]).toMatchObject({ url: "https://env.example/" });
  });

  it("asks npm itself only when nothing says it", async () => {
    const programs = { npm: "https://built-in.example/\n" };
    expect(await readNpm({ programs })).toMatchObject([{ url: "https://built-in.example/", from: "npm" }]);
    const files = { "/home/me/.npmrc": 'registry="https://user.example/"' };
    expect(await readNpm({ programs, files })).toMatchObject([{ url: "https://user.example/" }]);
    expect(await readNpm({})).toBeUndefined();
  });

  it("does not trust what the workspace's .npmrc says, not even when npm hands it on as a variable", async () => {
    const files = {
      "/work/repo/.npmrc": "registry=https://evil.example/\n",
      "/home/me/.npmrc": "registry=https://user.example/",
    };
    const environment = { npm_config_registry: "https://evil.example/", npm_lifecycle_event: "demo" };
    expect(await readNpm({ files, environment })).toMatchObject([
      { url: "https://user.example/", trusted: true },
      { url: "https://evil.example/", trusted: false, privateAddresses: [] },
    ]);
  });

  it("puts no variable of the person's into what a workspace names", async () => {
    const files = {
      "/work/repo/.npmrc": `registry=https://\${SECRET}.evil.example/`,
      "/home/me/.npmrc": `registry=https://\${HERE}/`,
    };
    const found = await readNpm({ files, environment: { SECRET: "s3cret", HERE: "here.example" } });
    expect(found?.map((source) => source.url)).toEqual(["https://here.example/"]);
  });

  it("trusts a registry of the workspace where the person signs in, below the path of that sign-in alone", async () => {
    const files = {
      "/work/repo/.npmrc":
        "@acme:registry=https://npm.acme.example/team/a/\n@other:registry=https://npm.acme.example/other/",
      "/home/me/.npmrc": `registry=https://user.example/\n//npm.acme.example/team/:_authToken=\${TOKEN}`,
    };
    const found = await readNpm({ files, environment: { TOKEN: "the-token" } });
    expect(found?.slice(1)).toMatchObject([
      {
        scope: "@acme",
        trusted: true,
        signIn: { source: { npmrc: "//npm.acme.example/team/" }, inject: { as: "bearer" } },
      },
      { scope: "@other", trusted: false },
    ]);
    expect(JSON.stringify(found)).not.toContain("the-token");
  });

  it("says how npm signs in with user and password, without the password", async () => {
    const basic = Buffer.from("me:hunter2").toString("base64");
    const files = { "/home/me/.npmrc": `registry=https://r.example/\n//r.example/:_auth=${basic}` };
    const found = await readNpm({ files });
    expect(found?.[0]?.signIn).toEqual({ source: { npmrc: "//r.example/" }, inject: { as: "basic", user: "me" } });
    expect(JSON.stringify(found)).not.toContain(basic);
  });

  it("lets private addresses be dialled for the person's own registry, metadata never", async () => {
    const files = { "/home/me/.npmrc": "registry=http://npm.corp.example:4873/" };
    const addresses = {
      "npm.corp.example": [
        "10.1.2.3",
        "127.0.0.1",
        "169.254.169.254",
        "fe80::1",
        "93.184.216.34",
        "::ffff:192.168.1.9",
      ],
    };
    expect((await readNpm({ files, addresses }))?.[0]).toMatchObject({
      url: "http://npm.corp.example:4873/",
      privateAddresses: ["10.0.0.0/8", "127.0.0.1/32", "192.168.0.0/16"],
    });
    const literal = { "/home/me/.npmrc": "registry=http://[::1]:4873/" };
    expect((await readNpm({ files: literal }))?.[0]?.privateAddresses).toEqual(["::1/128"]);
  });
});

describe("readPackageClients() of pip", () => {
  const programs = { python3: "https://index.example/simple files.example\n" };

  it("asks pip for its own index, and where that one keeps its archives", async () => {
    expect((await readPip({ programs })).pip).toMatchObject([
      { url: "https://index.example/simple", role: "main", from: "pip" },
      { url: "https://files.example/", role: "files" },
    ]);
  });

  it("reads index, extra indexes and links, and drops what is not on the network with a note", async () => {
    const files = {
      "/home/me/.config/pip/pip.conf":
        "[global]\nindex-url = https://mirror.example/simple\nextra-index-url =\n    https://a.example/simple\n    file:///opt/simple\n[list]\nformat = json\n",
      "/etc/pip.conf": "[global]\nindex-url: https://weaker.example/simple\n",
    };
    const { pip, notes } = await readPip({ programs, files });
    expect(pip?.map((source) => [source.role, source.url])).toEqual([
      ["main", "https://mirror.example/simple"],
      ["extra", "https://a.example/simple"],
    ]);
    expect(notes).toEqual([expect.stringContaining("file:///opt/simple")]);
  });

  it("takes variables first, and keeps user and password out", async () => {
    const environment = {
      PIP_INDEX_URL: "https://me:hunter2@mirror.example/simple",
      PIP_EXTRA_INDEX_URL: "https://token@b.example/",
    };
    const { pip } = await readPip({ environment });
    expect(pip).toMatchObject([
      {
        url: "https://mirror.example/simple",
        signIn: { source: { pip: "https://mirror.example/simple" }, inject: { as: "basic", user: "me" } },
      },
      { url: "https://b.example/" },
    ]);
    expect(JSON.stringify(pip)).not.toMatch(/hunter2|token@/);
  });

  it("does not trust the configuration of a virtual environment that lies in the workspace", async () => {
    const environment = { VIRTUAL_ENV: "/work/repo/.venv" };
    const files = { "/work/repo/.venv/pip.conf": "[global]\nindex-url = https://evil.example/simple\nno-index = true" };
    expect((await readPip({ programs, environment, files })).pip).toMatchObject([
      { url: "https://index.example/simple", trusted: true },
      { url: "https://evil.example/simple", trusted: false },
      { url: "https://files.example/", trusted: true },
    ]);
  });
});

describe("readPackageClients() of apt and go", () => {
  it("reads both of apt's formats, and leaves out what is switched off or not on the network", async () => {
    const files = {
      "/etc/apt/sources.list":
        "# deb https://no.example x\ndeb [arch=amd64 signed-by=/k] http://one.example/debian stable main\ndeb cdrom:[x]/ y\n",
      "/etc/apt/sources.list.d/a.list": "deb-src https://me:pw@two.example/ stable main\n",
      "/etc/apt/sources.list.d/b.sources":
        "Types: deb\nURIs: https://three.example/\n https://four.example/\nSuites: x\n\nEnabled: no\nURIs: https://off.example/\n",
      "/etc/apt/sources.list.d/c.sources.disabled": "URIs: https://off.example/",
    };
    const { apt } = await readPackageClients(machine({ files }), ["apt"]);
    expect(apt?.map((source) => source.url)).toEqual([
      "http://one.example/debian",
      "https://two.example/",
      "https://three.example/",
      "https://four.example/",
    ]);
  });

  it("reads go's proxies and checksum database", async () => {
    const programs = { go: "https://proxy.example,direct\nsum.example+abc\n" };
    const { go } = await readPackageClients(machine({ programs }), ["go"]);
    expect(go).toMatchObject([
      { url: "https://proxy.example", role: "main" },
      { url: "https://sum.example/", role: "files" },
    ]);
  });
});
