import type { Injection } from "../../spec/policy.ts";
import { lookUp, type NpmLayer } from "./npm-config.ts";

/** How npm would sign in to a registry: the value that is secret, and how it is sent. */
export interface NpmSignIn {
  /** `//HOST/PATH/`, as the npmrc has it. */
  readonly key: string;
  readonly inject: Injection;
  readonly value: string;
}

/** The sign-in of a registry's URL, or of `//HOST/PATH/`: that of the nearest parent path for which the layers have one. */
export function findNpmSignIn(layers: readonly NpmLayer[], registry: string): NpmSignIn | undefined {
  const { host, pathname } = new URL(registry.startsWith("//") ? `https:${registry}` : registry);
  const parts = pathname.split("/").filter((part) => part !== "");
  for (let depth = parts.length; depth >= 0; depth--) {
    const path = parts
      .slice(0, depth)
      .map((part) => `${part}/`)
      .join("");
    const found = signInOf(layers, `//${host}/${path}`);
    if (found) return found;
  }
  return undefined;
}

function signInOf(layers: readonly NpmLayer[], key: string): NpmSignIn | undefined {
  const read = (name: string) =>
    (lookUp(layers, `${key}:${name}`) ?? lookUp(layers, `${key.slice(0, -1)}:${name}`))?.value;
  const token = read("_authToken");
  if (token) return { key, inject: { as: "bearer" }, value: token };
  const [user, password] = decodeBasic(read("_auth")) ?? [read("username"), decode(read("_password"))];
  return user && password ? { key, inject: { as: "basic", user }, value: password } : undefined;
}

function decodeBasic(text: string | undefined): readonly [string, string] | undefined {
  const decoded = decode(text);
  const colon = decoded?.indexOf(":") ?? -1;
  return decoded === undefined || colon < 1 ? undefined : [decoded.slice(0, colon), decoded.slice(colon + 1)];
}

function decode(base64: string | undefined): string | undefined {
  return base64 ? Buffer.from(base64, "base64").toString("utf8") : undefined;
}
