import type { ModelApi } from "../../spec/policy.ts";

/** Why a request is refused, in the words of the one rule that refuses. */
export interface Refusal {
  readonly rule: string;
  readonly reason: string;
}

/** What a refusal is about, as far as it could be read. */
export interface RefusedRequest {
  readonly sandbox: string;
  readonly method: string;
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

/** A refusal as the agent gets it, and the command that would allow the request, where one would. */
export interface RefusalAnswer {
  readonly status: number;
  readonly text: string;
  readonly contentType: string;
  readonly hint: string | undefined;
}

const statuses: Readonly<Record<string, number>> = {
  malformed: 400,
  "not-a-proxy-request": 400,
  "model-body": 413,
  "credential-missing": 503,
  connections: 503,
  "model-memory": 503,
  upstream: 502,
  timeout: 504,
  exchange: 502,
};

const canBeAllowed = /^no-route/;

/** Whether the same request may well be let through a moment later. */
export const isPassing = (rule: string): boolean => rule === "model-memory";

/** Whether an allowed request failed, rather than being refused. */
export const isFailure = ({ rule }: Refusal): boolean => rule === "upstream" || rule === "timeout";

/**
 * Words a refusal for the agent: what was refused, by which rule, and what to do instead. `signIns`: where a CLI would sign in, and
 * what is typed outside for that.
 */
export function wordRefusal(
  request: RefusedRequest,
  refusal: Refusal,
  model: ModelApi | undefined,
  signIns: readonly { readonly host: string; readonly path: string; readonly command: string }[] = [],
): RefusalAnswer {
  const signIn = signIns.find(({ host, path }) => host === request.host && path === request.path);
  const hint = (canBeAllowed.test(refusal.rule) ? signIn?.command : undefined) ?? hintFor(request, refusal);
  const verb = isFailure(refusal) ? "failed" : "refused";
  const message = `caisson: ${verb} ${describeRequest(request)}: ${refusal.reason} (rule ${refusal.rule}). ${advice(refusal, hint)}`;
  const status = statuses[refusal.rule] ?? 403;
  if (model === undefined) return { status, text: `${message}\n`, contentType: "text/plain; charset=utf-8", hint };
  return { status, text: modelError(model, message, refusal.rule), contentType: "application/json", hint };
}

function describeRequest(request: RefusedRequest): string {
  if (request.host === "-") return "a request";
  if (request.method === "CONNECT") return `CONNECT ${request.host}${request.port === 0 ? "" : `:${request.port}`}`;
  return `${request.method} ${request.scheme}://${hostPort(request)}${request.path}`;
}

function advice(refusal: Refusal, hint: string | undefined): string {
  switch (refusal.rule) {
    case "malformed":
    case "host-mismatch":
    case "not-a-proxy-request":
      return "Send a plain, well-formed request.";
    case "ip-literal":
      return "Use the host's name; it must be allowed by a route.";
    case "placeholder":
      return "A credential's placeholder may only be used where its own route injects it. This was reported.";
    case "git-push":
      return "Leave the commits in the workspace: the person pushes them.";
    case "exchange":
      return "The answer may hold a secret and could not be exchanged for a placeholder. Ask the person to sign in outside.";
    case "credential-missing":
      return "Do not try another way; ask the person to give the credential.";
    case "connections":
      return "Close some connections first.";
    case "model-memory":
      return "Send it again in a moment, when others have been answered.";
    case "upstream":
    case "timeout":
      return "The gate allowed it; the other side did not answer as it should.";
    default:
      return hint === undefined
        ? "Do not try another way out; ask the person."
        : `Do not try another way out; ask the person to run: ${hint}`;
  }
}

function hintFor(request: RefusedRequest, { rule }: Refusal): string | undefined {
  if (!canBeAllowed.test(rule)) return undefined;
  const isPlain = request.port === (request.scheme === "https" ? 443 : 80);
  const port = isPlain && request.scheme === "https" ? "" : `:${request.port}`;
  return `caisson policy allow ${request.sandbox} ${request.host}${port} --once`;
}

function hostPort(request: RefusedRequest): string {
  const isPlain = request.port === (request.scheme === "https" ? 443 : 80);
  return isPlain || request.port === 0 ? request.host : `${request.host}:${request.port}`;
}

// The shape in which the clients of a model API show an error's text to the person.
function modelError(api: ModelApi, message: string, rule: string): string {
  const error = { type: isPassing(rule) ? "overloaded_error" : "permission_error", message };
  return JSON.stringify(
    api === "anthropic" ? { type: "error", error } : { error: { ...error, code: `caisson_${rule}` } },
  );
}
