import { isKept, keptFolder } from "../../host/credential/kept/kept-folder.ts";
import type { PackageClientHost } from "../../host/package-client/package-client-host.ts";
import { randomBytes } from "../../host/random-bytes.ts";
import { environmentQuestions } from "../../policy/environment-questions.ts";
import type { ManifestLayer } from "../../policy/manifest-layer.ts";
import { clientsOfPresets } from "../../policy/presets/presets.ts";
import { presetsOf } from "../../policy/presets-of.ts";
import { type ResolvedPolicy, resolvePolicy } from "../../policy/resolve-policy.ts";
import { chooseCredentials } from "../../provider/choose-credentials.ts";
import type { Provider } from "../../provider/provider.ts";
import { contributionOf } from "../../provider/provider-contribution.ts";
import type { PackageClientFacts } from "../../spec/package-clients.ts";
import { cliFailure } from "../errors.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { manifestCredentials } from "./manifest-credentials.ts";
import type { RunInput } from "./run-options.ts";

/** Resolves the policy of a run from manifests, provider, machine and flags. */
export async function resolveRules(
  context: CommandContext,
  input: RunInput,
  given: {
    readonly layers: readonly ManifestLayer[];
    readonly provider: Provider;
    readonly workspace?: string;
    /** For a replay: what the recorded CLI was signed in with. */
    readonly replayOf?: readonly string[] | undefined;
  },
): Promise<ResolvedPolicy> {
  const { environment, folders } = context;
  const { options } = input;
  const { layers, provider } = given;
  const questions = Object.entries(environmentQuestions(layers, options.env));
  const [question] = questions;
  if (question && !context.input.isTerminal) {
    throw cliFailure("wrong_usage", {
      command: "run",
      problem: `the manifest asks for ${question[0]}: give --env ${question[0]}=VALUE`,
    });
  }
  const answers = question ? await (await import("../frame/ask.ts")).askAll(context, questions) : {};
  const chosen = chooseCredentials(provider, {
    isSet: (variable) => Boolean(environment[variable]),
    isKept: (name) => isKept(keptFolder({ environment, home: folders.home }), name),
    manifest: manifestCredentials(layers),
    ...(given.replayOf && { replayOf: given.replayOf }),
  });
  return resolvePolicy({
    layers,
    provider: contributionOf(provider, chosen),
    clients: await readClients({ environment, home: folders.home, workspace: given.workspace }, layers, options.allow),
    flags: {
      allow: options.allow,
      env: options.env,
      publish: options.publish,
      limits: {
        cpus: options.cpus,
        memory: options.memory,
        timeout: options.timeout === undefined ? undefined : `${options.timeout}s`,
      },
    },
    hostEnvironment: environment,
    answers,
    home: folders.home,
    unique: () => randomBytes(16).toString("hex"),
  });
}

/** Looks only at those clients that a preset of this run needs: each look costs time. */
async function readClients(
  host: Pick<PackageClientHost, "environment" | "home" | "workspace">,
  layers: readonly ManifestLayer[],
  allow: readonly string[],
): Promise<PackageClientFacts> {
  const clients = clientsOfPresets(presetsOf(layers, allow));
  if (clients.length === 0) return { notes: [] };
  const [{ readPackageClients }, { openPackageClientHost }] = await Promise.all([
    import("../../host/package-client/read-package-clients.ts"),
    import("../../host/package-client/package-client-host.ts"),
  ]);
  return readPackageClients(openPackageClientHost(host), clients);
}
