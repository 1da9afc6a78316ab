import type { Server, Socket } from "node:net";
import { type Authority, readAuthority } from "../host/certificate/mint-leaf.ts";
import { type CompiledRoute, type CompiledRoutes, compileRoutes } from "../policy/match/compile-routes.ts";
import type { Exchange, GateSandbox } from "../spec/gate-protocol.ts";
import type { Route } from "../spec/policy.ts";
import type { GateLimits } from "./limits.ts";
import type { ListenerPeers } from "./listener-peers.ts";
import { MintedSecrets } from "./minted/minted-secrets.ts";
import { HeldBytes } from "./model/held-bytes.ts";
import { isHeaderSafe, type ReadyInjection, readyInjection } from "./request/inject-credential.ts";
import { planRoute, type RoutePlan } from "./request/route-plan.ts";
import { createScanner, type Scanner } from "./scan/scanner.ts";
import { type AddressSet, readAddressSet } from "./upstream/address-rules.ts";

interface Value {
  readonly text: string;
  readonly expiresAt: number;
}

/** A policy in force. Replaced whole by the next one, never changed. */
interface Policy {
  readonly version: number;
  readonly routes: CompiledRoutes;
  readonly plans: ReadonlyMap<CompiledRoute, RoutePlan>;
  readonly placeholders: ReadonlyMap<string, string>;
  readonly forbidden: AddressSet;
  readonly forbiddenHosts: ReadonlySet<string>;
  readonly model: GateSandbox["model"];
  readonly signIns: NonNullable<GateSandbox["signIns"]>;
  readonly replay: readonly Exchange[];
}

const denyAll: Policy = {
  version: 0,
  routes: compileRoutes([]),
  plans: new Map(),
  placeholders: new Map(),
  forbidden: { has: () => false },
  forbiddenHosts: new Set(),
  model: "live",
  signIns: [],
  replay: [],
};

// A shorter real value may turn up by chance in what the agent writes; placeholders are long by their schema.
const shortestSecret = 16;

/** How a minted secret is called where its placeholder is sighted. */
const mintedName = "minted-secret";

/** What the gate knows of one sandbox, and what is open for it. Until it is configured it denies all. */
export class SandboxState {
  readonly id: string;
  readonly servers = new Set<Server>();
  /** Who may come in by them. */
  readonly peers = new Set<ListenerPeers>();
  readonly sockets = new Set<Socket>();
  policy: Policy = denyAll;
  scanner: Scanner = createScanner([]);
  /** Secrets that servers minted for it, and their placeholders. */
  readonly minted: MintedSecrets;
  readonly held: HeldBytes;
  /** What signs the leaves that the sandbox is shown. */
  authority: Authority | undefined;
  readonly #clock: { now(): number };
  readonly #values = new Map<string, Value>();
  #injections = new Map<RoutePlan, ReadyInjection>();
  #authorityPem = "";

  constructor(id: string, clock: { now(): number }, limits: Pick<GateLimits, "heldBytes">) {
    this.id = id;
    this.#clock = clock;
    this.minted = new MintedSecrets(clock);
    this.held = new HeldBytes(limits.heldBytes);
  }

  /** Puts a new policy into force, all of it or nothing; returns why not. Routes that stay the same keep their connections. */
  configure(
    sandbox: GateSandbox,
    ca: { readonly certificate: string; readonly key: string } | undefined,
    replay: readonly Exchange[] | undefined,
  ): string | undefined {
    if (sandbox.version <= this.policy.version) {
      return `version ${sandbox.version} is not above version ${this.policy.version}, which is in force`;
    }
    const authority = this.#readCa(ca);
    if (typeof authority === "string") return authority;
    const policy = this.#prepare(sandbox, replay);
    if (typeof policy === "string") return policy;
    const old = this.policy;
    this.policy = policy;
    if (authority && ca) {
      this.authority = authority;
      this.#authorityPem = ca.certificate + ca.key;
    }
    this.#refresh();
    for (const [compiled, plan] of old.plans) if (!policy.plans.has(compiled)) closeIdle(plan);
    return undefined;
  }

  #readCa(ca: { readonly certificate: string; readonly key: string } | undefined): Authority | string | undefined {
    if (!ca || ca.certificate + ca.key === this.#authorityPem) return undefined;
    try {
      return readAuthority(ca);
    } catch (error) {
      return `the CA cannot be used: ${error instanceof Error ? error.message : "unreadable"}`;
    }
  }

  #prepare(sandbox: GateSandbox, replay: readonly Exchange[] | undefined): Policy | string {
    const addresses = sandbox.forbiddenAddresses.filter((text) => /^[0-9a-f:./]+$/i.test(text));
    const forbidden = readAddressSet(addresses);
    if ("invalid" in forbidden) return `${forbidden.invalid} is not an address or CIDR`;
    const placeholders = new Map(sandbox.credentials.map(({ name, placeholder }) => [name, placeholder]));
    const known = new Map<string, CompiledRoute>();
    for (const compiled of this.policy.routes.routes) known.set(JSON.stringify(compiled.route), compiled);
    const routes = compileRoutes(sandbox.routes, (route) => take(known, route));
    const plans = new Map<CompiledRoute, RoutePlan>();
    for (const compiled of routes.routes) {
      const plan = this.policy.plans.get(compiled) ?? planRoute(compiled);
      if ("invalid" in plan) return plan.invalid;
      if (plan.credential && !placeholders.has(plan.credential.name)) {
        return `route ${plan.name}: there is no credential ${plan.credential.name}`;
      }
      plans.set(compiled, plan);
    }
    const forbiddenHosts = new Set(sandbox.forbiddenAddresses.filter((text) => !addresses.includes(text)));
    const { version, model, signIns = [] } = sandbox;
    return {
      version,
      routes,
      plans,
      placeholders,
      forbidden,
      forbiddenHosts,
      model,
      signIns,
      replay: replay ?? this.policy.replay,
    };
  }

  /** Takes or drops a credential's value; returns why it cannot be used. */
  setCredential(name: string, text: string | null, expiresAt: number | undefined): string | undefined {
    this.#values.delete(name);
    if (text !== null && isHeaderSafe(text)) this.#values.set(name, { text, expiresAt: expiresAt ?? Infinity });
    this.#refresh();
    if (text === null || this.#values.has(name)) return undefined;
    return `the value of credential ${name} holds characters that no header can carry`;
  }

  #refresh(): void {
    this.#injections = new Map();
    const placeholders = [...this.policy.placeholders].map(([credential, text]) => ({ credential, text }));
    // The real values too: one that was left lying in the workspace must not leave by another way.
    const values = [...this.#values].map(([credential, { text }]) => ({ credential, text }));
    const minted = this.minted.size > 0 ? [{ credential: mintedName, text: this.minted.mark }] : [];
    const known = [...placeholders, ...values.filter(({ text }) => text.length >= shortestSecret)];
    this.scanner = createScanner([...known, ...minted]);
  }

  /** A placeholder for a secret that a server minted; from now on it is looked for as every other one. */
  mint(...secret: Parameters<MintedSecrets["mint"]>): string {
    const isFirst = this.minted.size === 0;
    const placeholder = this.minted.mint(...secret);
    if (isFirst) this.#refresh();
    return placeholder;
  }

  /** The injection of a route, or why there is none. */
  injectionFor(plan: RoutePlan): ReadyInjection | "missing" | "expired" | undefined {
    if (!plan.credential) return undefined;
    const value = this.#values.get(plan.credential.name);
    if (!value) return "missing";
    if (value.expiresAt <= this.#clock.now()) return "expired";
    let ready = this.#injections.get(plan);
    if (!ready) {
      ready = readyInjection(plan.credential.inject, value.text);
      this.#injections.set(plan, ready);
    }
    return ready;
  }

  isSpent = (compiled: CompiledRoute): boolean => this.policy.plans.get(compiled)?.isSpent === true;

  /** Closes all that is open and forgets every secret. */
  close(): void {
    for (const server of this.servers) server.close();
    for (const peers of this.peers) peers.close();
    for (const socket of this.sockets) socket.destroy();
    for (const plan of this.policy.plans.values()) closeIdle(plan);
    this.servers.clear();
    this.peers.clear();
    this.#values.clear();
    this.minted.forget();
    this.policy = denyAll;
    this.authority = undefined;
    this.#refresh();
  }
}

function take(known: Map<string, CompiledRoute>, route: Route): CompiledRoute | undefined {
  const key = JSON.stringify(route);
  const compiled = known.get(key);
  known.delete(key);
  return compiled;
}

function closeIdle(plan: RoutePlan): void {
  const connections = [...plan.idle.values()].flat();
  plan.idle.clear();
  for (const connection of connections) connection.socket.destroy();
}
