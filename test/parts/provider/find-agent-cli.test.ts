import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findAgentCli } from "../../../src/host/find-agent-cli.ts";

const ownPrograms = resolve(import.meta.dirname, "../../../node_modules/.bin");
let home: string;
const put = (path: string, text = "\x7fELF") => {
  const file = join(home, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
};
const link = (path: string, target: string) => {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  symlinkSync(target, join(home, path));
};
const find = (name: string, PATH = "/nowhere", own = join(home, "none")) =>
  findAgentCli([name], { environment: { PATH }, home, own });

beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), "caisson-find-")));
});
afterEach(() => rmSync(home, { recursive: true }));

describe("findAgentCli()", () => {
  it("finds a CLI of the native installer in ~/.local/bin, and shows its file alone", () => {
    const file = put(".local/share/claude/versions/2.1.9");
    link(".local/bin/claude", file);
    expect(find("claude")).toEqual({ binary: file, version: "2.1.9", tools: { dirs: [file], path: [dirname(file)] } });
  });

  it("finds a CLI under nvm, with that Node, newest first", () => {
    for (const version of ["v9.0.0", "v22.1.0", "v22.10.0"]) {
      put(`.nvm/versions/node/${version}/bin/node`);
      const cli = put(`.nvm/versions/node/${version}/lib/node_modules/@x/pi/dist/cli.js`, "#!/usr/bin/env node\n");
      put(`.nvm/versions/node/${version}/lib/node_modules/@x/pi/package.json`, '{"version":"0.8.1"}');
      link(`.nvm/versions/node/${version}/bin/pi`, cli);
    }
    const root = join(home, ".nvm/versions/node/v22.10.0");
    expect(find("pi")).toEqual({
      binary: join(root, "lib/node_modules/@x/pi/dist/cli.js"),
      version: "0.8.1",
      tools: {
        dirs: [join(root, "lib/node_modules"), root],
        path: [join(root, "bin")],
      },
    });
  });

  it("takes the one on PATH first, and of a shared folder the file alone", () => {
    const cli = put("bin/claude");
    put(".local/bin/claude");
    expect(find("claude", join(home, "bin"))).toEqual({
      binary: cli,
      tools: { dirs: [cli], path: [join(home, "bin")] },
    });
  });

  it("shows the packages of a CLI that npm put below ~/.local, not the whole of it", () => {
    const cli = put(".local/lib/node_modules/cc/bin/claude.exe");
    link(".local/bin/claude", cli);
    expect(find("claude")?.tools.dirs).toEqual([join(home, ".local/lib/node_modules")]);
  });

  it("shows a version manager with its shim, which asks it what to run", () => {
    const cli = put(".pyenv/shims/python3", "#!/bin/sh\n");
    expect(find("python3", join(home, ".pyenv/shims"))).toEqual({
      binary: cli,
      tools: { dirs: [join(home, ".pyenv")], path: [join(home, ".pyenv/shims")] },
    });
  });

  it("finds the CLIs that came with Caisson, and runs them with its own Node", () => {
    const pi = find("pi", "/nowhere", ownPrograms);
    expect(pi?.version).toBe("0.87.1");
    // `npm ci` also links that Node beside the CLIs: either name is the same program.
    expect(realpathSync(join(pi?.tools.path[0] ?? "", "node"))).toBe(realpathSync(process.execPath));
    expect(find("claude", "/nowhere", ownPrograms)?.version).toBe("2.1.329");
  });

  it("brings the person's Node along for the agent's work, and nothing of the system's", () => {
    const cli = put("bin/claude");
    const node = put("fnm/v22/bin/node");
    mkdirSync(join(home, "fnm/v22/lib/node_modules"), { recursive: true });
    const found = find("claude", `${join(home, "bin")}:${dirname(node)}`);
    expect(found?.tools).toEqual({ dirs: [cli, join(home, "fnm/v22")], path: [dirname(node), join(home, "bin")] });
    expect(find("sh", "/usr/bin")?.tools).toEqual({ dirs: [], path: [] });
  });

  it("is undefined for what is nowhere, and takes no folder and no file that cannot be started", () => {
    mkdirSync(join(home, ".local/bin/claude"), { recursive: true });
    writeFileSync(join(home, "claude"), "");
    expect(find("claude", home)).toBeUndefined();
  });
});
