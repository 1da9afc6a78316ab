import { createHash } from "node:crypto";

/** Addresses of one network: the engine's own (never given to anything on the internal one) and those we hand out. */
export interface Subnet {
  readonly cidr: string;
  readonly gateway: string;
  /** The nth address for a container, from 0. */
  address(index: number): string;
}

/** Subnets of a sandbox's two networks. */
export interface Subnets {
  readonly internal: Subnet;
  readonly egress: Subnet;
}

// 198.18.0.0/15 is set aside for tests of network devices: no host on anybody's network has such an address. Its middle
// half: other programs that make addresses up prefer its ends.
const firstAddress = ((198 << 24) | (18 << 16) | (128 << 8)) >>> 0;
const addressBits = 16;
const hostBits = 4;

/**
 * Subnets for a sandbox, of 16 addresses each. The engine's own pool is of 31 networks, which fifteen sandboxes would use
 * up. Others may have taken them: then the next attempt gives other ones. Pure.
 */
export const chooseSubnets = (slug: string, attempt: number): Subnets => {
  const count = 2 ** (addressBits - hostBits);
  const start = createHash("sha256").update(`${slug} ${attempt}`).digest().readUInt32BE(0) % count;
  return { internal: subnet(start), egress: subnet((start + 1) % count) };
};

function subnet(index: number): Subnet {
  const base = firstAddress + index * 2 ** hostBits;
  return {
    cidr: `${dotted(base)}/${32 - hostBits}`,
    gateway: dotted(base + 1),
    address: (nth) => dotted(base + 2 + nth),
  };
}

const dotted = (address: number) => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
