import { decideRequest } from "../../policy/match/decide-request.ts";
import { valuesOf } from "../http1/header-list.ts";
import type { AgentRequest } from "../http1/read-request.ts";
import type { SandboxState } from "../sandbox-state.ts";
import { findSighting, type Sighting } from "./find-sighting.ts";
import { isGitPush } from "./is-git-push.ts";
import { composeHead, type OutgoingHead } from "./outgoing-head.ts";
import type { Refusal } from "./refusal.ts";
import type { RoutePlan } from "./route-plan.ts";

/** What becomes of a request by its head: which route it took, what would leave, and whether it may. */
export type Judgement = { readonly plan: RoutePlan | undefined; readonly head: OutgoingHead | undefined } & (
  | { readonly kind: "sighted"; readonly sighting: Sighting }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "allowed"; readonly plan: RoutePlan }
);

/** Judges a request by the policy in force. A placeholder out of its place weighs more than any rule. Changes nothing. */
export function judgeRequest(sandbox: SandboxState, request: AgentRequest): Judgement {
  const { policy, scanner, isSpent } = sandbox;
  const { scheme, host, port, method, target, headers } = request;
  const headerValues = (name: string) => valuesOf(headers, name);
  const facts = { scheme, host, port, method, readings: target.readings, headerValues };
  const verdict = decideRequest(policy.routes, facts, isSpent);
  const plan = verdict.allow ? policy.plans.get(verdict.route) : undefined;
  const own = plan?.credential?.name;
  const head = plan && composeHead(request, plan, own === undefined ? undefined : policy.placeholders.get(own));
  const sighting = findSighting(scanner, request, head, own);
  if (sighting) return { kind: "sighted", plan, head, sighting };
  const refusal = verdict.allow ? refusalBeyondRoutes(request, policy.forbiddenHosts) : verdict;
  if (refusal) return { kind: "refused", plan, head, refusal };
  // A route and its plan are made together; were there none, nothing would allow the request.
  if (!plan) return { kind: "refused", plan, head, refusal: { rule: "no-route", reason: "no route allows this host" } };
  return { kind: "allowed", plan, head };
}

/** What no route allows. */
function refusalBeyondRoutes({ target, host }: AgentRequest, forbidden: ReadonlySet<string>): Refusal | undefined {
  if (isGitPush(target)) return { rule: "git-push", reason: "git push over HTTPS is refused" };
  if (forbidden.has(host)) return { rule: "address", reason: "this host is never reached from a sandbox" };
  return undefined;
}
