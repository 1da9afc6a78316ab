import type { PublishedPort } from "../spec/policy.ts";
import { policyFailure } from "./errors.ts";
import { type ManifestLayer, placeOf } from "./manifest-layer.ts";
import type { Note } from "./note.ts";
import { isLoopback, parsePublish } from "./parse-publish.ts";

interface Placed {
  readonly published: PublishedPort;
  readonly from: string;
}

/**
 * The published ports of the layers and of `--publish`: a stronger layer that publishes a port inside replaces what a weaker
 * one said of it. Two on one place outside fail; one that is open to the network is a warning.
 */
export function resolvePorts(layers: readonly ManifestLayer[], flags: readonly string[]) {
  const written: (readonly Placed[])[] = [
    ...layers.map((layer) =>
      layer.manifest.ports.map((text, index) => {
        const from = placeOf(layer, ["ports", index]);
        return { published: parsePublish(String(text), from), from };
      }),
    ),
    flags.map((text) => ({ published: parsePublish(text, "--publish"), from: "--publish" })),
  ];
  const placed = written.reduce<readonly Placed[]>((weaker, stronger) => {
    const isReplaced = ({ published }: Placed) => stronger.some((other) => other.published.port === published.port);
    return [...weaker.filter((port) => !isReplaced(port)), ...stronger];
  }, []);
  refuseTwice(placed);
  const open = placed.filter(({ published }) => !isLoopback(published.hostAddress));
  return {
    ports: placed.map(({ published }) => published),
    sources: Object.fromEntries(placed.map(({ published, from }) => [`port.${published.port}`, from])),
    notes: open.map(({ published, from }): Note => {
      const text = `port ${published.port} (${from}) is open to the network at ${published.hostAddress}: whoever reaches this machine reaches what the agent runs there`;
      return { level: "warning", code: "port_open", text };
    }),
  };
}

function refuseTwice(placed: readonly Placed[]): void {
  const taken = new Set<string>();
  for (const { published, from } of placed) {
    const { hostAddress, hostPort, port } = published;
    const place = `${hostAddress}:${hostPort}`;
    if (hostPort !== 0 && taken.has(place)) {
      throw policyFailure("port_invalid", { text: `${place}:${port}`, from, problem: `${place} is given twice` });
    }
    taken.add(place);
  }
}
