import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { credentialFailure } from "../../host/credential/errors.ts";
import type { KeptEntry } from "../../host/credential/kept/kept-entry.ts";
import { type KeptStore, openKeptStore } from "../../host/credential/kept/kept-store.ts";
import { postToEndpoint } from "../../host/credential/kept/post-to-endpoint.ts";
import type { Tokens } from "../../host/credential/kept/read-tokens.ts";
import { loginEntry } from "../../host/credential/login/login-entry.ts";
import { type SignInHost, signIn } from "../../host/credential/login/sign-in.ts";
import { runCredentialCommand } from "../../host/credential/run-credential-command.ts";
import type { HostLogin } from "../../provider/login.ts";
import { defineCommand } from "../frame/command.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { flag, text } from "../frame/option.ts";
import { loginState } from "../login-state.ts";
import { findLoginWay, type LoginWay, loginProviders } from "../login-way.ts";
import { alignColumns } from "../output/align-columns.ts";

/** `caisson login`. */
export const loginCommand = defineCommand({
  arguments: [{ name: "[provider]", summary: "claude-code, codex or copilot; without one it says who is signed in" }],
  options: {
    fromHost: flag("--from-host", "take over the login that the agent's own CLI has on this machine"),
    status: flag("--status", "only say who is signed in"),
    manifest: text("--manifest <file>", "your own manifest: the provider's upstream in it is signed in to instead"),
  },
  examples: [
    { line: "caisson login claude-code", does: "prints where to go, and takes the code that you bring back" },
    { line: "caisson login codex", does: "prints where to go and the code to type there" },
    { line: "caisson login copilot --from-host", does: "keeps the token that gh has" },
    { line: "caisson login --status", does: "says who is signed in, and until when" },
  ],
  exits: { 4: "the provider did not sign you in, or there is no login on this machine" },
  notes: [
    "No browser is needed on this machine. What is kept is sealed (docs/credentials.md), and renewed outside of every sandbox, once for all.",
  ],
  run: async (context, { arguments: [provider], options }) => {
    const { environment, folders } = context;
    const store = openKeptStore({ environment, home: folders.home });
    if (provider === undefined || options.status) return showStatus(context, store, provider);
    const way = await findLoginWay(context, provider, options.manifest);
    const tokens = options.fromHost
      ? await takeOver(context, way)
      : await signIn(signInHost(context, way), signInOf(way));
    const entry = entryOf(way, tokens);
    await store.write(entry);
    tell(context, entry, options.fromHost);
    return 0;
  },
});

const signInOf = ({ provider, login }: LoginWay) => ({ provider, ...login });

function entryOf({ provider, login, extraCa }: LoginWay, tokens: Tokens): KeptEntry {
  const { credential: name, clientId, tokenUrl } = login;
  const refresh = login.refresh && {
    ...login.refresh,
    tokenUrl,
    clientId,
    ...(extraCa !== undefined && { extraCa }),
  };
  return loginEntry({ name, provider, refresh, now: Date.now() }, tokens);
}

function signInHost(context: CommandContext, { extraCa }: LoginWay): SignInHost {
  const { output } = context;
  return {
    post: (url, body, encoding) => postToEndpoint(url, body, { encoding, extraCa }),
    show: ({ url, code }) =>
      output.show({ url, ...(code !== undefined && { code }) }, () => [
        `  open  ${url}`,
        ...(code === undefined ? [] : [`  code  ${code}`]),
      ]),
    askCode: () => readLine(context),
    random: () => randomBytes(32),
    now: Date.now,
    wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  };
}

/** One line: asked for on a terminal, or whatever else standard input is. */
async function readLine({ input }: CommandContext): Promise<string | undefined> {
  using lines = createInterface({ input: input.stream, output: process.stderr, terminal: input.isTerminal });
  if (input.isTerminal) return lines.question("  paste the code that you are shown: ");
  for await (const line of lines) return line;
  return undefined;
}

/** The login of the agent's own CLI. */
async function takeOver(context: CommandContext, { provider, login }: LoginWay): Promise<Tokens> {
  const places: string[] = [];
  for (const host of login.onHost) {
    const { text: found, place } = await readHostLogin(context, host);
    places.push(place);
    const tokens = found === undefined ? undefined : host.read(found);
    if (tokens) return tokens;
  }
  throw credentialFailure("login_refused", { provider, reason: `there is no login in ${places.join(" or ")}` });
}

async function readHostLogin({ environment, folders, cwd }: CommandContext, { from }: HostLogin) {
  if ("command" in from) {
    const place = from.command.join(" ");
    try {
      const { value } = await runCredentialCommand({ environment, workspace: cwd }, from.command);
      return { place, text: value };
    } catch {
      return { place, text: undefined };
    }
  }
  const moved = from.variable === undefined ? undefined : environment[from.variable];
  const file = moved ? join(moved, from.file.split("/").slice(1).join("/")) : join(folders.home, from.file);
  try {
    return { place: file, text: readFileSync(file, "utf8") };
  } catch {
    return { place: file, text: undefined };
  }
}

function tell({ output }: CommandContext, { head, secret }: KeptEntry, isTaken: boolean): void {
  const { name, provider, account, expiresAt } = head;
  const isRenewed = secret.kind === "login" && secret.login.refreshToken !== undefined && secret.login.refresh;
  output.show({ name, provider, account, expiresAt, renewed: Boolean(isRenewed) }, () => [
    `signed in to ${provider}${account === undefined ? "" : ` as ${account}`}${loginState(head, Date.now()).replace(/^signed in/, "")}`,
  ]);
  // Most providers give a new renewal token each time and refuse the old one: two owners cannot both renew.
  if (isTaken && isRenewed)
    output.note(
      `Caisson renews it from now on: ${provider} outside will have to sign in again when its own copy runs out. To have both: caisson login ${provider}`,
    );
}

function showStatus({ output }: CommandContext, store: KeptStore, provider: string | undefined): number {
  const names = provider === undefined ? loginProviders() : [provider];
  const heads = store.list();
  const rows = names.map((name) => {
    const head = heads.find((one) => "kind" in one && one.kind === "login" && one.provider === name);
    const state = head && "kind" in head ? loginState(head, Date.now()) : "not signed in";
    return { name, head, state };
  });
  if (output.json) for (const { name, head, state } of rows) output.show({ provider: name, state, ...head }, () => []);
  else {
    const lines = alignColumns(
      rows.map(({ name, head, state }) => [name, head && "kind" in head ? (head.account ?? "") : "", state]),
    );
    for (const line of lines) output.show({}, () => [`  ${line.trimEnd()}`]);
  }
  return 0;
}
