import type { LaunchPlan } from "../../spec/engine.ts";

/** User and group of the agent, as seen inside. Outside they are those of the person who launched. */
export const agentId = 1000;

/** The files of `/etc` that are ours and not the machine's: they tell nothing of its users, hosts and resolvers. */
export function etcFiles(plan: Pick<LaunchPlan, "home" | "hostname">): Readonly<Record<string, string>> {
  return {
    passwd: [
      "root:x:0:0:root:/root:/bin/sh",
      `agent:x:${agentId}:${agentId}:agent:${plan.home}:/bin/bash`,
      "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
      "",
    ].join("\n"),
    group: ["root:x:0:", `agent:x:${agentId}:`, "nogroup:x:65534:", ""].join("\n"),
    "nsswitch.conf": ["passwd: files", "group: files", "shadow: files", "hosts: files", ""].join("\n"),
    hosts: [`127.0.0.1 localhost ${plan.hostname}`, `::1 localhost ip6-localhost ${plan.hostname}`, ""].join("\n"),
    hostname: `${plan.hostname}\n`,
  };
}
