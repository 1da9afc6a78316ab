import { createHash } from "node:crypto";

/** Labels of everything that the engine makes. `state` tells apart sandboxes of one name and different state folders. */
export const labelNames = { slug: "caisson.slug", role: "caisson.role", state: "caisson.state" } as const;

export type DockerRole = "agent" | "gate" | "service" | "internal" | "egress";

/** Name of a sandbox's compose project. */
export const projectName = (slug: string): string => `caisson-${slug}`;

/** Names of all that one sandbox has in the engine, as `docker compose` version 2 would give them. */
export function dockerNames(slug: string) {
  const project = projectName(slug);
  return {
    project,
    internal: `${project}_internal`,
    egress: `${project}_egress`,
    container: (service: string) => `${project}-${service}-1`,
  } as const;
}

/** Our labels on one thing of a sandbox. */
export const ownLabels = (slug: string, stateDir: string, role: DockerRole): Readonly<Record<string, string>> => ({
  [labelNames.slug]: slug,
  [labelNames.role]: role,
  [labelNames.state]: stateMark(stateDir),
});

/** Stands for a state folder in labels, without telling where it is. */
export const stateMark = (stateDir: string): string => createHash("sha256").update(stateDir).digest("hex").slice(0, 16);
