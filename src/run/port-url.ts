import type { PublishedPort } from "../spec/policy.ts";

/** Where a published port is opened in a browser. */
export function portUrl({ hostAddress, hostPort }: Pick<PublishedPort, "hostAddress" | "hostPort">): string {
  return `http://${hostAddress.includes(":") ? `[${hostAddress}]` : hostAddress}:${hostPort}`;
}
