import type { ManifestVariable } from "../spec/manifest.ts";
import { policyFailure } from "./errors.ts";
import type { Note } from "./note.ts";
import { reservedVariableReason } from "./reserved-variable.ts";
import { withoutServiceAddresses } from "./resolve-services.ts";
import { hasSecretName, secretShapeOf } from "./secret-shape.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** One place that sets variables, weakest first. */
export interface EnvironmentLayer {
  readonly from: string | ((name: string) => string);
  readonly variables: Readonly<Record<string, ManifestVariable>>;
}

/** The variables of `--env NAME=VALUE` (literal) and `--env NAME` (the host's value). */
export function parseEnvironmentFlags(flags: readonly string[]): EnvironmentLayer {
  const variables = flags.map((text): [string, ManifestVariable] => {
    const equals = text.indexOf("=");
    const name = equals === -1 ? text : text.slice(0, equals);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      // The value may be a secret: the name alone is told.
      throw policyFailure("environment_invalid", { text: `"${name}"`, problem: "a name has letters, digits and _" });
    }
    return [name, equals === -1 ? { host: name } : text.slice(equals + 1)];
  });
  return { from: "--env", variables: Object.fromEntries(variables) };
}

/**
 * The agent's variables. Fails on a host variable that is not set, on a name that is the sandbox's own, on a value that
 * is or looks like a secret: these would end in `policy.json` and in the agent's hands.
 */
export function resolveEnvironment(
  layers: readonly EnvironmentLayer[],
  known: {
    readonly host: Environment;
    readonly answers: Environment;
    /** Variables that already hold a placeholder, and whose. */
    readonly placeholders: Readonly<Record<string, string>>;
    /** Host variables that hold a credential's value. */
    readonly credentialVariables: readonly string[];
    /** Names of services: an address of one, with the password in it, is no secret. */
    readonly services: readonly string[];
  },
): {
  readonly environment: Record<string, string>;
  readonly notes: readonly Note[];
  readonly sources: Record<string, string>;
} {
  const environment: Record<string, string> = {};
  const sources: Record<string, string> = {};
  const notes: Note[] = [];
  const secrets = known.credentialVariables.flatMap((name) => {
    const value = known.host[name];
    return value !== undefined && value.length >= 8 ? [{ name, value }] : [];
  });
  for (const { name, variable, from } of strongest(layers)) {
    const holder = known.placeholders[name];
    const reason = holder ? `it holds the placeholder of credential "${holder}"` : reservedVariableReason(name);
    if (reason) throw policyFailure("environment_reserved", { name, from, reason });
    const value = chooseValue(name, variable, from, known);
    if (value.includes("\0"))
      throw policyFailure("environment_invalid", { text: name, problem: "its value has a NUL byte" });
    const secret = secrets.find((s) => value.includes(s.value));
    const kind = secret
      ? `the credential in ${secret.name}`
      : secretShapeOf(withoutServiceAddresses(value, known.services));
    if (kind) throw policyFailure("environment_secret", { name, from, kind });
    if (hasSecretName(name, value)) {
      const text = `variable ${name} (${from}) may be a secret, and the agent can read it: a credential would keep it outside`;
      notes.push({ level: "warning", code: "environment_secret_name", text });
    }
    environment[name] = value;
    sources[`environment.${name}`] = from;
  }
  return { environment, notes, sources };
}

function strongest(layers: readonly EnvironmentLayer[]) {
  const last = new Map<string, { name: string; variable: ManifestVariable; from: string }>();
  for (const { from, variables } of layers) {
    for (const [name, variable] of Object.entries(variables))
      last.set(name, { name, variable, from: typeof from === "string" ? from : from(name) });
  }
  return last.values();
}

function chooseValue(
  name: string,
  variable: ManifestVariable,
  from: string,
  known: { readonly host: Environment; readonly answers: Environment },
): string {
  if (typeof variable === "string") return variable;
  if ("ask" in variable) {
    const answer = known.answers[name];
    if (answer === undefined) throw policyFailure("environment_unanswered", { name, from });
    return answer;
  }
  const value = known.host[variable.host];
  if (value === undefined) throw policyFailure("environment_unset", { name, variable: variable.host, from });
  return value;
}
