import { decideRequest } from "../../policy/match/decide-request.ts";
import { valuesOf } from "../http1/header-list.ts";
import type { AgentRequest } from "../http1/read-request.ts";
import { type RedeemedRequest, redeemRequest } from "../minted/redeem-request.ts";
import type { SandboxState } from "../sandbox-state.ts";
import { findSighting, type Sighting } from "./find-sighting.ts";
import { isGitPush } from "./is-git-push.ts";
import { composeHead, type OutgoingHead } from "./outgoing-head.ts";
import type { Refusal } from "./refusal.ts";
import type { RoutePlan } from "./route-plan.ts";

/** What becomes of a request by its head: which route it took, what would leave, and whether it may. */
export type Judgement = {
  readonly plan: RoutePlan | undefined;
  readonly head: OutgoingHead | undefined;
  /** Of the request's head: how many minted secrets are put in for their placeholders. */
  readonly redeemed?: number;
} & (
  | { readonly kind: "sighted"; readonly sighting: Sighting }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "allowed"; readonly plan: RoutePlan }
);

/** Judges a request by the policy in force. A placeholder out of its place weighs more than any rule. Changes nothing. */
export function judgeRequest(sandbox: SandboxState, asked: AgentRequest): Judgement {
  const { policy, scanner, isSpent } = sandbox;
  const { scheme, host, port, method, target, headers } = asked;
  const headerValues = (name: string) => valuesOf(headers, name);
  const facts = { scheme, host, port, method, readings: target.readings, headerValues };
  const verdict = decideRequest(policy.routes, facts, isSpent);
  const plan = verdict.allow ? policy.plans.get(verdict.route) : undefined;
  const own = plan?.credential?.name;
  // Of a request that leaves; what is refused is looked at as it came.
  const { request, count, fill } = plan ? redeemRequest(sandbox.minted, asked) : unredeemed(asked);
  const isRead = plan !== undefined && (plan.exchange !== undefined || sandbox.minted.maskerFor(host) !== undefined);
  const composed =
    plan && composeHead(request, plan, own === undefined ? undefined : policy.placeholders.get(own), isRead);
  const head: OutgoingHead | undefined = composed && {
    ...composed,
    render: (injected, body) => fill(composed.render(injected, body)),
  };
  const sighting = findSighting(scanner, request, head, own);
  if (sighting) return { kind: "sighted", plan, head, sighting };
  const refusal = verdict.allow ? refusalBeyondRoutes(asked, policy.forbiddenHosts) : verdict;
  if (refusal) return { kind: "refused", plan, head, refusal };
  // A route and its plan are made together; were there none, nothing would allow the request.
  if (!plan) return { kind: "refused", plan, head, refusal: { rule: "no-route", reason: "no route allows this host" } };
  if (plan.exchange && asked.webSocket) {
    const reason = "a WebSocket cannot be looked through for minted secrets";
    return { kind: "refused", plan, head, refusal: { rule: "exchange", reason } };
  }
  return { kind: "allowed", plan, head, redeemed: count };
}

const unredeemed = (request: AgentRequest): RedeemedRequest => ({ request, count: 0, fill: (head) => head });

/** What no route allows. */
function refusalBeyondRoutes({ target, host }: AgentRequest, forbidden: ReadonlySet<string>): Refusal | undefined {
  if (isGitPush(target)) return { rule: "git-push", reason: "git push over HTTPS is refused" };
  if (forbidden.has(host)) return { rule: "address", reason: "this host is never reached from a sandbox" };
  return undefined;
}
