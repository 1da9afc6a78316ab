import { describe, expect, it } from "vitest";
import type { FileFacts } from "../../host/process/file-facts.ts";
import type { LaunchPlan } from "../../spec/engine.ts";
import { localDefences } from "./defences.ts";
import { renderExecArguments } from "./render-exec-arguments.ts";
import { holderMounts, renderHolderArguments } from "./render-holder-arguments.ts";

const programs = {
  bwrap: "/home/me/.local/bin/bwrap",
  nsenter: "/usr/bin/nsenter",
  sh: "/bin/sh",
  cat: "/usr/bin/cat",
  mount: "/usr/bin/mount",
  prlimit: "/usr/bin/prlimit",
  setsid: "/usr/bin/setsid",
  taskset: "/usr/bin/taskset",
  node: "/opt/node/bin/node",
};

const links: Readonly<Record<string, string>> = { "/bin": "usr/bin", "/home/me/tool": "/nix/tool" };
const files: FileFacts = {
  kindOf: (path) => (links[path] ? "link" : "dir"),
  linkTarget: (path) => links[path],
  realPath: (path) => links[path] ?? path,
  names: () => [],
  text: () => undefined,
  spaceOf: () => undefined,
};

const plan: LaunchPlan = {
  slug: "brisk-otter",
  stateDir: "/state/brisk-otter",
  workspace: { mode: "mount", dir: "/home/me/project" },
  workdir: "/home/me/project",
  home: "/home/agent",
  keeps: [],
  hostname: "brisk-otter",
  umask: 0o022,
  ports: [],
  limits: {
    cpus: 1,
    memoryBytes: 1024,
    processes: 10,
    diskBytes: 1,
    timeoutSeconds: 1,
    idleSeconds: 3600,
    outputBytes: 1,
  },
  mounts: [
    { source: "/data", target: "/data", writable: false },
    { source: "/cache", target: "/home/me/project/cache", writable: true },
  ],
  toolDirs: ["/home/me/tool", "/usr/lib/tool"],
  path: ["/usr/bin"],
  environment: {},
  unixSockets: "deny",
  files: [],
  proxy: { host: "127.0.0.1", port: 3128 },
};

const context = { defences: localDefences, files, programs, isRoot: false };
const view = { mounts: [{ kind: "bind", source: "/home/me/project", target: "/home/me/project" }] as const };

describe("renderHolderArguments()", () => {
  it("makes every namespace, drops every capability and ends with us", () => {
    const args = renderHolderArguments(context, plan, holderMounts(context, plan, view));
    for (const name of ["user", "pid", "ipc", "uts", "net", "cgroup"]) expect(args).toContain(`--unshare-${name}`);
    expect(args.join(" ")).toContain("--cap-drop ALL");
    expect(args).toContain("--die-with-parent");
    expect(args).toContain("--new-session");
    expect(args.join(" ")).toContain("--seccomp 4");
  });

  it("seals the root file system after everything else is mounted", () => {
    const mounts = holderMounts(context, plan, view);
    expect(mounts.slice(-2)).toEqual([
      { kind: "remount-ro", target: "/etc" },
      { kind: "remount-ro", target: "/" },
    ]);
  });
});

describe("holderMounts()", () => {
  const mounts = holderMounts(context, plan, view);
  const position = (target: string) => mounts.findIndex((mount) => mount.target === target);

  it("lays the workspace over the home and the person's mounts, and mounts inside the workspace over that", () => {
    expect(position("/home/me/project")).toBeGreaterThan(position("/data"));
    expect(position("/home/me/project")).toBeGreaterThan(position("/home/agent"));
    expect(position("/home/me/project/cache")).toBeGreaterThan(position("/home/me/project"));
  });

  it("shows nothing of the host writable but the private folders, the workspace and what the person said", () => {
    const writable = mounts.flatMap((mount) =>
      mount.kind.startsWith("bind") || mount.kind === "dev-bind" ? [mount] : [],
    );
    expect(writable.map((mount) => ("source" in mount ? mount.source : ""))).toEqual([
      "/state/brisk-otter/private/etc",
      "/state/brisk-otter/private/tmp",
      "/state/brisk-otter/private/home",
      "/home/me/project",
      "/cache",
    ]);
  });

  it("shows a tool under the path that was asked for and under its real one, and none twice", () => {
    const shown = mounts.filter((mount) => "source" in mount && mount.source === "/nix/tool");
    expect(shown.map(({ target }) => target)).toEqual(["/home/me/tool", "/nix/tool"]);
    expect(position("/usr/lib/tool")).toBe(-1);
  });

  it("shows our helpers where they are not the system's", () => {
    expect(position(programs.bwrap)).toBeGreaterThan(-1);
    expect(position(programs.cat)).toBe(-1);
  });

  it("never shows /etc, /run, /home, /root, /var or /sys of the host", () => {
    const sources = mounts.flatMap((mount) => ("source" in mount && mount.kind !== "symlink" ? [mount.source] : []));
    for (const path of ["/etc", "/run", "/home", "/root", "/var", "/sys", "/", "/dev"])
      expect(sources).not.toContain(path);
  });
});

describe("renderExecArguments()", () => {
  const exec = (request: Parameters<typeof renderExecArguments>[2], processes?: number) =>
    renderExecArguments(
      {
        defences: localDefences,
        programs,
        enter: ["-t", "7", "--"],
        atLast: ["--setenv", "LD_PRELOAD", "x"],
        ...(processes !== undefined && { processes }),
      },
      plan,
      request,
    );

  it("goes down into a user namespace of its own, without capabilities, with the filter, at the workdir", () => {
    const text = exec({ argv: ["tool", "--flag"] }).join(" ");
    expect(text).toContain("--unshare-user --uid 1000 --gid 1000");
    expect(text).toContain("--cap-drop ALL");
    expect(text).toContain("--seccomp 9");
    expect(text).toContain("--chdir /home/me/project");
    expect(text.endsWith("-- tool --flag")).toBe(true);
  });

  it("gives a terminal to the command's own session only, and takes ours away where there is none", () => {
    const pty = { columns: 80, rows: 24, term: "xterm" };
    expect(exec({ argv: ["sh"], pty }).slice(-3)).toEqual(["/usr/bin/setsid", "--ctty", "sh"]);
    expect(exec({ argv: ["sh"], pty })).not.toContain("--new-session");
    expect(exec({ argv: ["sh"] })).toContain("--new-session");
  });

  it("has the kernel count processes where no cgroup does", () => {
    expect(exec({ argv: ["sh"] }, 50).slice(-4)).toEqual(["/usr/bin/prlimit", "--nproc=50", "--", "sh"]);
  });
});
