import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { chooseSubnets } from "./choose-subnets.ts";
import { containerBody } from "./container-body.ts";
import { dockerDefences } from "./defences.ts";
import type { DockerPlan } from "./docker-plan.ts";
import { renderCompose } from "./render-compose.ts";

const plan: DockerPlan = {
  slug: "brisk-otter",
  stateDir: "/state/brisk-otter",
  workspace: { mode: "mount", dir: "/work/shop" },
  workdir: "/work/shop",
  home: "/home/agent",
  keeps: [],
  hostname: "brisk-otter",
  limits: {
    cpus: 4,
    memoryBytes: 2 * 1024 ** 3,
    processes: 100,
    diskBytes: 1024 ** 3,
    timeoutSeconds: 60,
    idleSeconds: 3600,
    outputBytes: 1024,
  },
  umask: 0o022,
  mounts: [{ source: "/data", target: "/data", writable: false }],
  toolDirs: [],
  path: [],
  environment: {},
  unixSockets: "deny",
  files: [],
  proxy: { host: "gate", port: 3128 },
  agentImage: { reference: "agent:1", id: "sha256:a" },
  gateImage: { reference: "gate:1", id: "sha256:b" },
  user: { uid: 1234, gid: 1234 },
  services: [
    {
      name: "db",
      image: { reference: "postgres:17", id: "sha256:c" },
      environment: { POSTGRES_DB: "shop" },
      health: {
        test: ["CMD", "pg_isready"],
        intervalSeconds: 1,
        timeoutSeconds: 2,

        retries: 5,
        startSeconds: 3,
      },
    },
  ],
  ports: [{ hostAddress: "127.0.0.1", hostPort: 8080, port: 3000 }],
};
const context = {
  defences: dockerDefences,
  engine: { version: "20.10.24+dfsg1", apiVersion: "1.41" },
  subnets: chooseSubnets("brisk-otter", 0),
  processors: 2,
  mounts: [
    { kind: "bind", source: "/work/shop", target: "/work/shop" },
    { kind: "bind", source: "/work/shop/.git", target: "/work/shop/.git" },
    { kind: "ro-bind", source: "/state/brisk-otter/guard/hooks", target: "/work/shop/.git/hooks" },
    { kind: "ro-bind", source: "/state/brisk-otter/guard/git", target: "/work/shop/.git" },
  ],
} as const;

describe("renderCompose()", () => {
  const file = renderCompose(plan, context);

  it("lets the agent into the internal network alone, and the gate into both", () => {
    expect(Object.keys(file.services.agent?.networks ?? {})).toEqual(["internal"]);
    expect(Object.keys(file.services.db?.networks ?? {})).toEqual(["internal"]);
    expect(Object.keys(file.services.gate?.networks ?? {})).toEqual(["internal", "egress"]);
    expect(file.networks.internal).toMatchObject({ internal: true, name: "caisson-brisk-otter_internal" });
    expect(file.networks.egress?.internal).toBe(false);
  });

  it("keeps the host's address off the agent's network, on engines of any age", () => {
    const option = "com.docker.network.bridge";
    expect(file.networks.internal?.driver_opts).toEqual({ [`${option}.inhibit_ipv4`]: "true" });
    const newer = renderCompose(plan, { ...context, engine: { version: "28.2.2", apiVersion: "1.50" } });
    expect(newer.networks.internal?.driver_opts).toEqual({ [`${option}.gateway_mode_ipv4`]: "isolated" });
  });

  it("hardens the agent", () => {
    expect(file.services.agent).toMatchObject({
      user: "1234:1234",
      cap_drop: ["ALL"],
      read_only: true,
      init: true,
      pids_limit: 100,
      mem_limit: 2 * 1024 ** 3,
      memswap_limit: 2 * 1024 ** 3,
      cpus: 2,
    });
    expect(file.services.agent?.security_opt).toEqual([
      "no-new-privileges:true",
      "seccomp:/state/brisk-otter/seccomp-agent.json",
    ]);
  });

  it("mounts what lies deeper later, and of two things at one place the last", () => {
    const targets = (file.services.agent?.volumes ?? []).map(({ target }) => target);
    expect(targets.indexOf("/work/shop")).toBeLessThan(targets.indexOf("/work/shop/.git"));
    expect(targets.indexOf("/work/shop/.git")).toBeLessThan(targets.indexOf("/work/shop/.git/hooks"));
    expect(new Set(targets).size).toBe(targets.length);
    const git = file.services.agent?.volumes?.find(({ target }) => target === "/work/shop/.git");
    expect(git).toMatchObject({ source: "/state/brisk-otter/guard/git", read_only: true });
  });

  it("is what it was, read back from its file", () => {
    expect(parse(stringify(file, { aliasDuplicateObjects: false }))).toEqual(file);
  });

  it("holds no variable of the agent's, whatever it is", () => {
    const value = fc.string({ minLength: 12 });
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[A-Z_]{3,8}$/), value), (environment) => {
        const given = { ...plan, environment, files: Object.values(environment).map(asFile) };
        expect(renderCompose(given, context)).toEqual(file);
        const service = file.services.agent;
        const application = { project: "p", service: "agent", stateDir: "/s", imageId: "i", profile: "{}" };
        expect(service && containerBody(service, application, file.networks).Env).toBeUndefined();
      }),
    );
  });
});

const asFile = (text: string) => ({ path: "/home/agent/x", text, mode: 0o600 });
