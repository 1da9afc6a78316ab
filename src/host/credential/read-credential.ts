import { readFileSync, statSync } from "node:fs";
import type { CredentialSource } from "../../spec/policy.ts";
import type { ReadCredential } from "./credential-value.ts";
import { credentialFailure } from "./errors.ts";
import { runCredentialCommand } from "./run-credential-command.ts";

/** What reading a credential needs: the person's variables and home, and the workspace, whose files are never a source. */
export interface CredentialHost {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly workspace?: string | undefined;
}

/** Reads a credential from its source, within 30 s. A failure names the source and never holds the value. */
export async function readCredential(host: CredentialHost, source: CredentialSource): Promise<ReadCredential> {
  if ("env" in source) {
    const value = host.environment[source.env];
    if (!value) throw credentialFailure("credential_unset", { variable: source.env });
    return { value: checkValue(value, `variable ${source.env}`) };
  }
  if ("file" in source) return readFileCredential(source.file);
  if ("kept" in source) return readKeptCredential(host, source.kept);
  if ("command" in source) {
    const read = await runCredentialCommand(host, source.command);
    return { ...read, value: checkValue(read.value, source.command[0] ?? "the command") };
  }
  return { value: checkValue(await readClientSignIn(host, source), "the package client's configuration") };
}

function readFileCredential(file: string): ReadCredential {
  let text: string;
  let mode: number;
  try {
    text = readFileSync(file, "utf8");
    mode = statSync(file).mode & 0o777;
  } catch (cause) {
    throw credentialFailure("credential_file_missing", { file }, { cause });
  }
  const value = checkValue(text, file);
  const isOpen = (mode & 0o077) !== 0;
  const warning = `${file} can be read by others (mode ${mode.toString(8).padStart(4, "0")}): chmod 600 ${file}`;
  return isOpen ? { value, warning } : { value };
}

// Loaded by those runs alone that use one.
async function readKeptCredential(host: CredentialHost, name: string): Promise<ReadCredential> {
  const [{ openKeptStore }, { readKept }, { postToEndpoint }] = await Promise.all([
    import("./kept/kept-store.ts"),
    import("./kept/read-kept.ts"),
    import("./kept/post-to-endpoint.ts"),
  ]);
  const read = await readKept({ now: Date.now, post: postToEndpoint }, openKeptStore(host), name);
  return { ...read, value: checkValue(read.value, `kept credential ${name}`) };
}

async function readClientSignIn(
  host: CredentialHost,
  source: Extract<CredentialSource, { npmrc: string } | { pip: string }>,
): Promise<string> {
  // Only a launch that uses a package client's sign-in pays for reading its configuration.
  const { openPackageClientHost } = await import("../package-client/package-client-host.ts");
  const client = openPackageClientHost(host);
  if ("npmrc" in source) {
    const [{ readNpmConfig }, { findNpmSignIn }] = await Promise.all([
      import("../package-client/npm-config.ts"),
      import("../package-client/npm-sign-in.ts"),
    ]);
    const found = findNpmSignIn(readNpmConfig(client).own, source.npmrc);
    if (!found) throw credentialFailure("credential_unknown_sign_in", { client: "npm", place: source.npmrc });
    return found.value;
  }
  const { findPipPassword } = await import("../package-client/read-pip.ts");
  const password = findPipPassword(client, source.pip);
  if (!password) throw credentialFailure("credential_unknown_sign_in", { client: "pip", place: source.pip });
  return password;
}

/** The value without the line end that editors and programs add; a header cannot hold more than one line. */
function checkValue(text: string, source: string): string {
  const value = text.trim();
  if (value === "") throw credentialFailure("credential_malformed", { source, problem: "gives nothing" });
  if (/[^\x20-\x7e]/.test(value)) {
    throw credentialFailure("credential_malformed", { source, problem: "gives more than one line of plain text" });
  }
  return value;
}
