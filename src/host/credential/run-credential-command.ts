import { spawn } from "node:child_process";
import { programsOutside } from "../programs-outside.ts";
import { credentialFailure } from "./errors.ts";

const timeoutMs = 30_000;
const outputLimit = 64 * 1024;

/**
 * The value that a program prints, plain or as JSON {value, expiresAt}. Bounded in time and output; when the bound is
 * reached the program and what it started are ended. What it printed is in no failure: it may hold half of the secret.
 * No program of the workspace is started, for an agent may have written it since the last time.
 */
export async function runCredentialCommand(
  host: { readonly environment: Readonly<Record<string, string | undefined>>; readonly workspace?: string | undefined },
  command: readonly string[],
): Promise<{ readonly value: string; readonly expiresAt?: number }> {
  const [program = "", ...args] = command;
  const fail = (reason: string, cause?: unknown) =>
    credentialFailure("credential_command_failed", { program, reason }, { cause });
  const programs = programsOutside(host.environment.PATH ?? "", host.workspace);
  const file = programs.locate(program);
  if (file === undefined) throw fail("is not there, or lies in the workspace, where the agent may write");
  const ended = Promise.withResolvers<void>();
  // A group of its own, so that a helper that it leaves behind ends with it. Standard error goes nowhere.
  const env = { ...host.environment, PATH: programs.path };
  const child = spawn(file, args, { env, stdio: ["ignore", "pipe", "ignore"], detached: true });
  const endGroup = (reason: string) => {
    ended.reject(fail(reason));
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // It ended by itself in the meantime.
    }
  };
  const timer = setTimeout(() => endGroup(`did not answer within ${timeoutMs / 1000} s`), timeoutMs);
  const chunks: Buffer[] = [];
  let size = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > outputLimit) endGroup(`printed more than ${outputLimit / 1024} KB`);
    else chunks.push(chunk);
  });
  child.on("error", (error: NodeJS.ErrnoException) => ended.reject(fail(`cannot be started (${error.code})`, error)));
  child.on("close", (code, signal) => {
    if (code === 0) ended.resolve();
    else ended.reject(fail(signal ? `was ended by ${signal}` : `ended with exit code ${code}`));
  });
  try {
    await ended.promise;
  } finally {
    clearTimeout(timer);
  }
  return parseOutput(Buffer.concat(chunks).toString("utf8"), program);
}

function parseOutput(text: string, program: string): { readonly value: string; readonly expiresAt?: number } {
  if (!text.trimStart().startsWith("{")) return { value: text };
  const malformed = (problem: string) => credentialFailure("credential_malformed", { source: program, problem });
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    // The parser's own message quotes what it could not read.
    throw malformed("prints JSON that cannot be read");
  }
  const { value, expiresAt } = data as { readonly value?: unknown; readonly expiresAt?: unknown };
  if (typeof value !== "string") throw malformed("prints JSON without a text `value`");
  if (expiresAt === undefined || expiresAt === null) return { value };
  const at = typeof expiresAt === "string" ? Date.parse(expiresAt) : expiresAt;
  if (typeof at !== "number" || !Number.isFinite(at)) throw malformed("prints an `expiresAt` that is no time");
  // Seconds or milliseconds: as seconds, today has ten digits.
  return { value, expiresAt: at < 1e11 ? at * 1000 : at };
}
