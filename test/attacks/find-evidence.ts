import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Outside } from "../kit/world-machine.ts";
import type { Side } from "./run-side.ts";
import type { Victim } from "./victim.ts";

/** Where one side of an attack was run. */
export interface HostSide {
  readonly victim: Victim;
  readonly workspace: string;
}

/** What shows that the attack has succeeded; undefined when nothing does. Looked for outside the sandbox wherever there is something to see. */
export async function findEvidence(
  side: Side,
  output: string,
  outside: Outside,
  host: HostSide,
): Promise<string | undefined> {
  const { evidence } = side.attack;
  const said = /ATTACK-SUCCEEDED (.*)/.exec(output)?.[1];
  switch (evidence.kind) {
    case "proof": {
      const proof = await outside.proofOf(side.marker);
      if (output.includes(proof)) return `outside answered ${proof}`;
      const seen = await outside.sightings(side.marker);
      return seen.length > 0 ? `outside saw it: ${JSON.stringify(seen[0])}` : undefined;
    }
    case "sighting": {
      const pattern = new RegExp(evidence.pattern.replaceAll("{marker}", side.marker));
      const seen = (await outside.sightings(side.marker)).find((s) => pattern.test(`${s.service} ${s.text}`));
      return seen && `outside saw ${JSON.stringify(seen.text.slice(0, 200))} at ${seen.service}`;
    }
    case "output": {
      const pattern = new RegExp(evidence.pattern.replaceAll("{marker}", side.marker));
      const printed = pattern.exec(output)?.[0];
      return printed && `it was printed: ${JSON.stringify(printed)}`;
    }
    case "secret":
      return [host.victim.secret, host.victim.key].find((secret) => output.includes(secret));
    case "word":
      return said?.trim();
    case "host": {
      const check = spawnSync("sh", ["-c", evidence.check], {
        cwd: host.workspace,
        env: { ...host.victim.environment, MARKER: side.marker, PROOF: join(host.victim.home, `pwned-${side.marker}`) },
        encoding: "utf8",
        timeout: 20_000,
      });
      return check.status === 0 ? `the host: ${(check.stdout || "harmed").trim()}` : undefined;
    }
  }
}
