import { failures } from "../base/failure.ts";

/** Makes a `Failure` of this room. */
export const providerFailure = failures({
  credential_missing: {
    message: (d: { agent: string; lookedFor: readonly string[]; hint: string }) =>
      `Cannot start ${d.agent}: no credential found (looked for ${[...d.lookedFor, "manifest", "kept credentials"].join(", ")})`,
    hint: (d: { hint: string }) => `${d.hint}    or try it with no key: npm run demo`,
    status: 401,
    exit: 4,
  },
  credential_ambiguous: {
    message: (d: { agent: string; found: readonly string[]; way: string }) =>
      `Cannot start ${d.agent}: ${d.found.join(" and ")} are both ${d.way === "unset" ? "set" : "kept"}, and it would sign in with only one of them, unseen`,
    hint: (d: { found: readonly string[]; way: string }) => `${d.way} ${d.found.at(-1)}    (or the other one)`,
    status: 409,
    exit: 2,
  },
  prompt_missing: {
    message: (d: { agent: string }) =>
      `Cannot start ${d.agent}: there is no terminal for a session, and no prompt for a run`,
    hint: (d: { agent: string }) => `caisson run ${d.agent} "what it is to do"`,
    status: 400,
    exit: 2,
  },
  model_missing: {
    message: (d: { agent: string }) => `Cannot start ${d.agent}: with a model key of your own it has no default model`,
    hint: (d: { agent: string }) => `caisson run --model gpt-5.4 ${d.agent} "what it is to do"`,
    status: 400,
    exit: 2,
  },
  session_only: {
    message: (d: { agent: string }) => `Cannot start ${d.agent} for one prompt: it only speaks in a session`,
    hint: () => 'caisson run --session AGENT "what it is to do"',
    status: 400,
    exit: 2,
  },
  command_missing: {
    message: (d: { agent: string }) => `Cannot start ${d.agent}: the manifest names no command for it`,
    hint: () => "add to the agent: command: [PROGRAM, ARGUMENT...]",
    status: 400,
    exit: 2,
  },
  session_unsupported: {
    message: (d: { agent: string; what: string }) => `${d.agent} cannot ${d.what} in a session`,
    hint: () => "see docs/providers.md for what each agent can do",
    status: 409,
    exit: 2,
  },
  session_refused: {
    message: (d: { agent: string; why: string }) => `${d.agent} did not take it: ${d.why}`,
    hint: () => "look at what it does: caisson attach SLUG",
    status: 409,
    exit: 2,
  },
  prompt_too_long: {
    message: (d: { agent: string; bytes: number }) =>
      `Cannot start ${d.agent} on a terminal: a first prompt of ${d.bytes} bytes does not fit on its command line`,
    hint: () => "put it in a file of the workspace and name that, or run without a terminal",
    status: 413,
    exit: 2,
  },
});
