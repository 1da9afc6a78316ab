import { explainRequest } from "../../policy/match/explain-request.ts";
import type { Policy } from "../../spec/policy.ts";
import { defineCommand } from "../frame/command.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { text } from "../frame/option.ts";
import { describePlan, planLines } from "../run/describe-plan.ts";
import { planRun } from "../run/plan-run.ts";
import { type RunInput, runOptions } from "../run/run-options.ts";

const refused = 5;

const { allow, env, manifest, sandbox, dir, model, cpus, memory, timeout, workspace, publish } = runOptions;

/** `caisson policy explain`. */
export const policyExplainCommand = defineCommand({
  arguments: [{ name: "[agent]", summary: "an agent, as for caisson run; without one a plain command" }],
  options: {
    url: text("--url <url>", "say what the gate would decide of a request there"),
    method: text("--method <method>", "of that request (default GET)"),
    ...{ allow, env, manifest, sandbox, dir, model, cpus, memory, timeout, workspace, publish },
  },
  examples: [
    {
      line: "caisson policy explain claude-code",
      does: "every route, variable, mount and limit, and where it was said",
    },
    {
      line: "caisson policy explain --allow npm --url https://docs.acme.example/",
      does: "whether that gets out, and why",
    },
  ],
  exits: { 4: "the agent could not be started: no credential, no CLI", 5: "with --url: it would be refused" },
  notes: ["Nothing is started, no name is resolved, nothing is sent."],
  run: async (context, { arguments: [agent], options }) => {
    const { url, method, ...given } = options;
    const plan = await planRun(context, runInput(agent, given), {
      slug: "sandbox",
      prompt: "(prompt)",
      now: new Date(),
    });
    if (url !== undefined) return explainUrl(context, plan.request.policy, { url, method: method ?? "GET" });
    context.output.show(describePlan(plan), () => planLines(plan));
    return 0;
  },
});

/** As if `caisson run` had been called with these options and no others. */
function runInput(agent: string | undefined, given: Partial<RunInput["options"]>): RunInput {
  const unset = Object.fromEntries(Object.entries(runOptions).map(([key, row]) => [key, row.read([])?.value]));
  const options = { ...unset, ...given } as RunInput["options"];
  return agent === undefined
    ? { arguments: [], options, command: ["true"] }
    : { arguments: [agent], options, command: undefined };
}

function explainUrl({ output }: CommandContext, policy: Policy, request: { url: string; method: string }): number {
  const explanation = explainRequest(policy.routes, request);
  const { allow: isAllowed, rule, reason, tried } = explanation;
  output.show({ ...request, ...explanation }, () => [
    `  ${isAllowed ? output.style.good("allowed") : output.style.bad("refused")}  ${request.method} ${request.url}   [${rule}] ${reason}`,
    ...tried.map(
      ({ route, outcome }) => `  route ${route}: ${outcome === "match" ? "matches" : `${outcome} does not match`}`,
    ),
  ]);
  return isAllowed ? 0 : refused;
}
