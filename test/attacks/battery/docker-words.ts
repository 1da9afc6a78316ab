import type { Patch } from "../attack.ts";

// Ways to take a defence of the docker engine out, each by one text of the source.

const compose = "src/sandbox/docker/render-compose.ts";
const body = "src/sandbox/docker/container-body.ts";
export const dockerDefences = "src/sandbox/docker/defences.ts";

/** Shows one more path of the host. */
export const alsoShow = (path: string, access: "read" | "write" = "read"): Patch => ({
  file: compose,
  find: `    bind(folders.tmp, "/tmp", false),\n`,
  replace: `    bind(folders.tmp, "/tmp", false),\n    bind("${path}", "${path}", ${access === "read"}),\n`,
});

/** The agent works as root. */
export const asRoot: Patch = {
  file: compose,
  find: "    user: `${plan.user.uid}:${plan.user.gid}`,",
  replace: `    user: "0:0",`,
};

/** The agent's container holds a variable of the keeper's. */
export const hostVariableInContainer = (name: string): Patch => ({
  file: compose,
  find: "    init: true,\n",
  replace: `    init: true,\n    environment: { ${name}: process.env["${name}"] ?? "" },\n`,
});

/** Further fields of the agent's `HostConfig`, the only one with an init. */
export const hostConfig = (fields: string): Patch => ({
  file: body,
  find: "    Init: service.init === true,\n",
  replace: `    Init: service.init === true,\n    ...(service.init === true ? { ${fields} } : {}),\n`,
});

/** The agent is in the host's network instead of one of its own. */
export const hostNetwork: readonly Patch[] = [
  {
    file: body,
    find: `      NetworkMode: first?.[0] ?? "none",\n`,
    replace: `      NetworkMode: service.init === true ? "host" : (first?.[0] ?? "none"),\n`,
  },
  {
    file: body,
    find: "first === undefined ? {} : Object.fromEntries([first])",
    replace: "first === undefined || service.init === true ? {} : Object.fromEntries([first])",
  },
];

/** The host has an address on the agent's network. */
export const addressedBridge: Patch = {
  file: dockerDefences,
  find: `      : { "com.docker.network.bridge.inhibit_ipv4": "true" },`,
  replace: "      : {},",
};

/** The agent's network leads out. */
export const routedNetwork: readonly Patch[] = [
  { file: dockerDefences, find: "  internalOnly: true,", replace: "  internalOnly: false," },
  addressedBridge,
];

/** Docker's usual capabilities instead of none; `more` are given on top. */
export const usualCapabilities = (more: readonly string[] = []): Patch => ({
  file: dockerDefences,
  find: `  capabilities: { cap_drop: ["ALL"] },`,
  replace: `  capabilities: { cap_add: ${JSON.stringify(more)} },`,
});

/** Nothing of /proc and /sys is hidden or read-only. */
export const openSystemPaths: Patch = hostConfig("ReadonlyPaths: [], MaskedPaths: []");
