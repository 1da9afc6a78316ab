import { dirname } from "node:path";
import type { Side } from "./run-side.ts";
import type { Victim } from "./victim.ts";

/** The person's own policy: two sites, one of them with a credential. Everything else is the default, that is: no. */
export function manifestFor(side: Side, workspace: string, victim: Victim): object {
  const route = { extraCaFile: "outside.pem" };
  const variables = Object.entries({ MARKER: "{marker}", WORKSPACE: "{workspace}", ...side.setting.variables });
  const fill = (text: string) =>
    text.replaceAll("{marker}", side.marker).replaceAll("{workspace}", workspace).replaceAll("{home}", victim.home);
  return {
    routes: [
      {
        name: "good",
        host: "good.test",
        paths: ["/public", "/redirect", "/echo"],
        methods: ["GET", "POST"],
        credential: { name: "site-key", inject: [{ as: "bearer" }] },
        ...route,
      },
      { name: "good-plain", host: "good.test", scheme: "http", paths: ["/public"], methods: ["GET", "POST"], ...route },
      { name: "other", host: "other.test", paths: ["/public"], ...route },
      { name: "careless", host: "cl.good.test", paths: ["/public"], ...route },
      ...((side.setting.manifest?.routes as readonly object[] | undefined) ?? []).map((r) => ({ ...route, ...r })),
    ],
    credentials: { "site-key": { env: "SITE_KEY", environment: ["SITE_KEY"] } },
    environment: Object.fromEntries(variables.map(([name, value]) => [name, fill(value)])),
    mounts: [
      { source: victim.programs, target: "/opt/attack" },
      { source: dirname(process.execPath), target: "/opt/node" },
      ...((side.setting.manifest?.mounts as readonly object[] | undefined) ?? []),
    ],
    ...(side.setting.manifest?.limits !== undefined && { limits: side.setting.manifest.limits }),
    ...(side.setting.manifest?.unixSockets !== undefined && { unixSockets: side.setting.manifest.unixSockets }),
  };
}
