import type { Manifest, ManifestSandbox } from "../../spec/manifest.ts";
import type { ManifestLayer } from "../manifest-layer.ts";
import { canonicalJson } from "../policy-text.ts";
import { lowLimits } from "../trust-layers.ts";
import { neverTrusted, type TrustPlace, type Wish } from "./never-trusted.ts";

/** One thing that a repository asks for and only a person may give. */
export interface WorkspaceWish {
  /** Where it says so, e.g. `caisson.yaml sandboxes.web.routes`. */
  readonly where: string;
  /** What it says there, as JSON with its keys in order. */
  readonly says: string;
  /** Why it does not get that, whoever trusts it. */
  readonly never?: string;
}

/** Before the names of credentials that a repository asks for: none of them can stand for one of the person's own. */
const credentialPrefix = "workspace.";

type Rules = ManifestSandbox | Manifest;

/** What a workspace's manifest asks for, and what is left of it when it gets all that a repository can get. Pure. */
export function splitWishes(
  layer: ManifestLayer,
  place: TrustPlace,
): { readonly wishes: readonly WorkspaceWish[]; readonly granted: Manifest } {
  const { manifest, dir } = layer;
  const wishes: WorkspaceWish[] = [];
  const file = layer.file.startsWith(`${place.workspace}/`) ? layer.file.slice(place.workspace.length + 1) : layer.file;
  const own = [manifest, ...Object.values(manifest.sandboxes)].flatMap((rules) =>
    Object.entries(rules.credentials ?? {}),
  );
  const credentials = own
    .filter(
      ([name, value]) => neverTrusted({ key: "credentials", name, value, dir, credentials: [] }, place) === undefined,
    )
    .map(([name]) => name);
  const ask = (at: string, wish: Pick<Wish, "key" | "name" | "value">): boolean => {
    const never = neverTrusted({ ...wish, dir, credentials }, place);
    const where = `${file} ${at}${wish.key}${wish.name === undefined ? "" : `.${plainName(wish.name)}`}`;
    wishes.push({ where, says: canonicalJson(wish.value), ...(never !== undefined && { never }) });
    return never === undefined;
  };
  const granted: Manifest = {
    ...grantRules(layer, manifest, [], ask),
    agents: Object.fromEntries(
      Object.entries(manifest.agents).map(([name, { image, dockerfile, sandbox, ...agent }]) => {
        const keep = grantScalars({ image, dockerfile, sandbox }, (key, value) =>
          ask(`agents.${name}.`, { key, value }),
        );
        return [name, { ...agent, ...keep }];
      }),
    ),
    sandboxes: Object.fromEntries(
      Object.entries(manifest.sandboxes).map(([name, rules]) => [
        name,
        grantRules(layer, rules, ["sandboxes", name], ask),
      ]),
    ),
  } as Manifest;
  return { wishes, granted };
}

/** A repository makes these names up: one that is no plain word stands in quotes, on one line. */
const plainName = (name: string): string => (/^[\w.-]+$/.test(name) ? name : JSON.stringify(name));

type Ask = (at: string, wish: Pick<Wish, "key" | "name" | "value">) => boolean;

/** The rules less what a repository never gets. A part that is not there stays away: an empty one takes others' away. */
function grantRules<R extends Rules>(layer: ManifestLayer, rules: R, at: readonly string[], ask: Ask): R {
  const prefix = at.length === 0 ? "" : `${at.join(".")}.`;
  const isGiven = (key: string, value: unknown, name?: string) =>
    ask(prefix, { key, value, ...(name !== undefined && { name }) });
  const list = <T>(key: string, items: readonly T[] | undefined) => items?.filter((item) => isGiven(key, item));
  const map = <T>(key: string, items: Readonly<Record<string, T>> | undefined) =>
    items && Object.fromEntries(Object.entries(items).filter(([name, item]) => isGiven(key, item, name)));
  const named = map("credentials", rules.credentials);
  const low = lowLimits(layer, rules, at);
  const parts = {
    routes: list("routes", rules.routes)?.map(withOwnCredential),
    credentials:
      named && Object.fromEntries(Object.entries(named).map(([name, item]) => [credentialPrefix + name, item])),
    mounts: list("mounts", rules.mounts),
    ports: list("ports", rules.ports),
    services: map("services", rules.services),
    providers: map("providers", rules.providers),
    environment: map("environment", rules.environment),
    limits:
      rules.limits &&
      Object.fromEntries(
        Object.entries(rules.limits).filter(
          ([name, value]) => value !== undefined && (name in low || isGiven("limits", value, name)),
        ),
      ),
    ...grantScalars(scalarsOf(rules), isGiven),
  };
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as R;
}

function scalarsOf(rules: Rules) {
  const { git, secrets, unixSockets, engine, image, dockerfile } = rules;
  const parents = "extends" in rules ? rules.extends : undefined;
  return {
    git,
    secrets,
    unixSockets: unixSockets === "deny" ? undefined : unixSockets,
    engine,
    image,
    dockerfile,
    extends: parents,
  };
}

function grantScalars(
  scalars: Readonly<Record<string, unknown>>,
  isGiven: (key: string, value: unknown) => boolean,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(scalars).filter(([key, value]) => value !== undefined && isGiven(key, value)),
  );
}

function withOwnCredential<T extends object>(route: T): T {
  const { credential } = route as { credential?: { readonly name: string } };
  return credential === undefined
    ? route
    : { ...route, credential: { ...credential, name: credentialPrefix + credential.name } };
}
