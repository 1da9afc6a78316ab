import { createAcpSession } from "./acp-session.ts";
import { command } from "./command.ts";
import { providerFailure } from "./errors.ts";
import type { Provider, ProviderRequest } from "./provider.ts";

/** Any agent that speaks the Agent Client Protocol, by the `command` of a manifest's agent; its routes and credentials are the manifest's. */
export const acp: Provider = {
  name: "acp",
  summary: "any agent that speaks the Agent Client Protocol, as a manifest names it",
  binaries: [],
  install: "put its program on PATH",
  versionArgs: [],
  credentials: [],
  signIn: "any",
  signInHint: "",
  routes: () => [],
  plan() {
    throw providerFailure("session_only", { agent: "acp" });
  },
  decoder: command.decoder,
  session: {
    // What it can do it says itself; what it cannot is refused when it is asked for.
    abilities: {
      steer: "queued",
      answer: true,
      setModel: true,
      thinking: ["off", "minimal", "low", "medium", "high", "xhigh"],
      compact: true,
      resume: false,
      streams: true,
    },
    keeps: [],
    plan: (request) => ({ argv: argvOf(request), environment: {}, files: [] }),
    codec: ({ workdir, resume, asks, model, thinking, instructions }) =>
      createAcpSession({ agent: "acp", workdir, resume, asks, model, thinking, instructions }),
  },
};

/** The program as it is found inside, with what the manifest says behind it. */
function argvOf({ binary, argv = [] }: Pick<ProviderRequest, "binary" | "argv">): readonly string[] {
  const [program, ...rest] = argv;
  if (program === undefined) throw providerFailure("command_missing", { agent: "acp" });
  return [binary || program, ...rest];
}
