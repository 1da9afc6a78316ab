import type { FileFacts } from "../../host/process/file-facts.ts";
import type { LaunchPlan } from "../../spec/engine.ts";

/** User and group of the agent, as seen inside. Outside they are those of the person who launched. */
export const agentId = 1000;

/** Small files of the machine's `/etc` that programs read and that hold nothing private. */
const copied = [
  "debian_version",
  "lsb-release",
  "ld.so.conf",
  "protocols",
  "services",
  "ssl/openssl.cnf",
  "pki/tls/openssl.cnf",
];
const copiedFolders = ["ld.so.conf.d"];

/** The files of `/etc`: ours, which tell nothing of the machine's users, hosts and resolvers, and copies of small ones. */
export function etcFiles(
  files: FileFacts,
  plan: Pick<LaunchPlan, "home" | "hostname">,
): Readonly<Record<string, string>> {
  const names = [
    ...copied,
    ...copiedFolders.flatMap((dir) => files.names(`/etc/${dir}`).map((name) => `${dir}/${name}`)),
  ];
  const copies = names.flatMap((name) => {
    const text = files.text(`/etc/${name}`);
    return text === undefined ? [] : [[name, text] as const];
  });
  return {
    ...Object.fromEntries(copies),
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
