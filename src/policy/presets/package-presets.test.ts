import { describe, expect, it } from "vitest";
import type { PackageClientFacts, PackageSource } from "../../spec/package-clients.ts";
import { npmPreset, pypiPreset } from "./package-presets.ts";

const source = (given: Partial<PackageSource> & { readonly url: string }): PackageSource => ({
  role: "main",
  from: "~/.npmrc",
  trusted: true,
  privateAddresses: [],
  ...given,
});
const contribute = (preset: typeof npmPreset, clients: Omit<PackageClientFacts, "notes">) =>
  preset({ clients: { notes: [], ...clients }, hostEnvironment: {} });

describe("package presets", () => {
  it("read from the registry that the machine is set up to use, below its path, with GET and HEAD alone", () => {
    const npm = [source({ url: "https://mirror.acme.example:8443/npm/" })];
    const { routes, environment } = contribute(npmPreset, { npm });
    expect(routes).toMatchObject([
      {
        name: "npm",
        host: "mirror.acme.example",
        ports: [8443],
        scheme: "https",
        paths: [{ prefix: "/npm" }],
        methods: ["GET", "HEAD"],
      },
    ]);
    expect(environment).toMatchObject({ npm_config_registry: "https://mirror.acme.example:8443/npm/" });
  });

  it("give an address or localhost a name of its own, dialled as the machine would", () => {
    const npm = [source({ url: "http://127.0.0.1:4873/", privateAddresses: ["127.0.0.1/32"] })];
    const { routes, environment } = contribute(npmPreset, { npm });
    expect(routes).toMatchObject([
      {
        host: "npm.registry.internal",
        ports: [80],
        scheme: "http",
        upstream: "http://127.0.0.1:4873",
        allowAddresses: ["127.0.0.1/32"],
      },
    ]);
    expect(environment.npm_config_registry).toBe("http://npm.registry.internal/");
  });

  it("let a private address be dialled for that registry alone", () => {
    const pip = [
      source({ url: "http://pip.corp.example/simple", privateAddresses: ["10.0.0.0/8"] }),
      source({ url: "https://public.example/simple", role: "extra" }),
    ];
    const { routes, environment } = contribute(pypiPreset, { pip });
    expect(routes.map((route) => [route.name, route.scheme, route.allowAddresses])).toEqual([
      ["pypi", "http", ["10.0.0.0/8"]],
      ["pypi-extra", "https", []],
    ]);
    expect(environment).toMatchObject({
      PIP_INDEX_URL: "http://pip.corp.example/simple",
      PIP_EXTRA_INDEX_URL: "https://public.example/simple",
      PIP_TRUSTED_HOST: "pip.corp.example",
    });
  });

  it("turn a sign-in into an injected credential, and write no secret inside", () => {
    const signIn = { source: { npmrc: "//npm.acme.example/" }, inject: { as: "bearer" } } as const;
    const npm = [source({ url: "https://npm.acme.example/", scope: "@acme", role: "extra", signIn })];
    const { routes, credentials, files } = contribute(npmPreset, { npm });
    expect(routes).toMatchObject([{ name: "npm-acme", credential: { name: "npm-acme", inject: [{ as: "bearer" }] } }]);
    expect(credentials).toMatchObject([
      { name: "npm-acme", source: { npmrc: "//npm.acme.example/" }, environment: [] },
    ]);
    expect(files).toEqual([{ path: ".npmrc", text: "@acme:registry=https://npm.acme.example/\n" }]);
  });

  it("give two scopes of one registry one route", () => {
    const npm = ["@a", "@b"].map((scope) => source({ url: "https://npm.acme.example/", scope, role: "extra" }));
    const { routes, files } = contribute(npmPreset, { npm });
    expect(routes).toHaveLength(1);
    expect(files[0]?.text).toContain("@b:registry=https://npm.acme.example/");
  });

  it("never take a registry that the workspace alone names, but tell of it", () => {
    const npm = [
      source({ url: "https://registry.acme.example/" }),
      source({ url: "https://evil.example/", from: ".npmrc", trusted: false }),
      source({ url: "https://registry.acme.example/other/", from: ".npmrc", trusted: false }),
    ];
    const { routes, environment, notes } = contribute(npmPreset, { npm });
    expect(routes.map((route) => route.host)).toEqual(["registry.acme.example"]);
    expect(environment.npm_config_registry).toBe("https://registry.acme.example/");
    expect(notes.map((note) => note.text)).toEqual([expect.stringContaining("--allow evil.example")]);
  });

  it("say that they allow nothing where the client is not there", () => {
    expect(contribute(npmPreset, {})).toMatchObject({ routes: [], notes: [{ code: "preset_empty" }] });
  });
});
