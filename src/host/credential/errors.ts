import { failures } from "../../base/failure.ts";

const unready = { status: 409, exit: 4 } as const;

/** Failures of reading a credential from its source; none of them ever holds the value, or what a program printed. */
export const credentialFailure = failures({
  credential_unset: {
    message: (d: { variable: string }) => `Cannot read credential: variable ${d.variable} is not set here`,
    hint: (d) => `export ${d.variable}=...`,
    ...unready,
  },
  credential_file_missing: {
    message: (d: { file: string }) => `Cannot read credential: ${d.file} is not there or cannot be read`,
    hint: (d) => `ls -l ${d.file}`,
    ...unready,
  },
  credential_command_failed: {
    message: (d: { program: string; reason: string }) => `Cannot read credential: ${d.program} ${d.reason}`,
    hint: (d) => `run ${d.program} by hand to see why`,
    ...unready,
  },
  credential_unknown_sign_in: {
    message: (d: { client: string; place: string }) =>
      `Cannot read credential: the ${d.client} configuration has no sign-in for ${d.place} any more`,
    hint: (d) => (d.client === "npm" ? "npm login" : "pip config debug"),
    ...unready,
  },
  credential_malformed: {
    message: (d: { source: string; problem: string }) => `Cannot read credential: ${d.source} ${d.problem}`,
    hint: () => "it has to be one line of text, or JSON {value, expiresAt} from a command",
    ...unready,
  },
  kept_missing: {
    message: (d: { name: string }) => `Cannot read credential: nothing is kept under the name ${d.name}`,
    hint: (d) => `caisson credentials set ${d.name}`,
    ...unready,
  },
  kept_name: {
    message: (d: { name: string }) => `Cannot keep a credential under the name "${d.name}"`,
    hint: () => "use lower-case letters, digits, '-', '_' and '.', at most 64: caisson credentials set service-key",
    status: 400,
    exit: 2,
  },
  kept_locked: {
    message: (d: { reason: string }) => `Cannot open the kept credentials: ${d.reason}`,
    hint: () => "caisson doctor",
    ...unready,
  },
  kept_broken: {
    message: (d: { name: string; problem: string }) => `Cannot open kept credential ${d.name}: ${d.problem}`,
    hint: (d) => `caisson credentials rm ${d.name}, then keep it again`,
    ...unready,
  },
  login_refused: {
    message: (d: { provider: string; reason: string }) => `Cannot sign in to ${d.provider}: ${d.reason}`,
    hint: (d) => `caisson login ${d.provider}`,
    status: 401,
    exit: 4,
  },
  login_unrefreshed: {
    message: (d: { provider: string; reason: string }) => `Cannot renew the login of ${d.provider}: ${d.reason}`,
    hint: (d) => `caisson login ${d.provider}`,
    status: 401,
    exit: 4,
  },
});
