import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { policyFailure } from "../../policy/errors.ts";
import { fillParameters, readParameters, unnamedParameters } from "../../policy/fill-parameters.ts";
import { schemaCheck } from "../../policy/json-schema.ts";
import { askForOutput } from "../../provider/ask-for-output.ts";
import { cliFailure } from "../errors.ts";
import type { CommandContext } from "../frame/command-context.ts";
import type { ChosenAgent } from "./read-rules.ts";
import type { RunInput } from "./run-options.ts";

/** Largest output schema: one CLI takes it as an argument. */
const schemaBytes = 64 * 1024;

/** An agent and a prompt with parameters in their places, and what its answer has to fit. */
export interface FilledAgent {
  readonly agent: ChosenAgent;
  readonly prompt: string | undefined;
  readonly outputSchema: Readonly<Record<string, unknown>> | undefined;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** Fills `--param` in and reads `--output-schema`. Loaded only where there is one or the other, or the agent declares it. */
export function fillAgent(
  context: Pick<CommandContext, "cwd">,
  { options }: RunInput,
  given: { readonly agent: ChosenAgent; readonly prompt: string | undefined; readonly isScreen: boolean },
): FilledAgent {
  const { agent, prompt } = given;
  const from = agent.from ?? "agent";
  const parameters = readParameters(options.param, { agent: agent.name, schema: agent.parameters, from });
  const outputSchema = readOutputSchema(context, options, given);
  const told = [agent.instructions ?? "", prompt ?? ""];
  const instructions = [
    ...(agent.instructions === undefined ? [] : [fillParameters(agent.instructions, parameters)]),
    ...[unnamedParameters(told, parameters) ?? []].flat(),
    ...(outputSchema && agent.provider.output === "asked" ? [askForOutput(outputSchema)] : []),
  ];
  return {
    agent: instructions.length === 0 ? agent : { ...agent, instructions: instructions.join("\n\n") },
    prompt: prompt === undefined ? undefined : fillParameters(prompt, parameters),
    outputSchema,
    parameters,
  };
}

function readOutputSchema(
  { cwd }: Pick<CommandContext, "cwd">,
  { outputSchema: file, session }: RunInput["options"],
  { agent, isScreen }: { readonly agent: ChosenAgent; readonly isScreen: boolean },
): FilledAgent["outputSchema"] {
  if (session || isScreen) {
    if (file === undefined) return undefined;
    throw cliFailure("wrong_usage", { command: "run", problem: "--output-schema needs a prompt, and no --session" });
  }
  const schema = file === undefined ? agent.output : readSchemaFile(resolve(cwd, file), file);
  if (schema === undefined) return undefined;
  const from = file ?? agent.from ?? "agent";
  if (JSON.stringify(schema).length > schemaBytes)
    throw policyFailure("schema_invalid", { from, problem: `it is larger than ${schemaBytes} bytes` });
  schemaCheck(schema, from);
  return schema;
}

function readSchemaFile(path: string, file: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (cause) {
    const problem = cause instanceof SyntaxError ? "it is not JSON" : "it is not there or cannot be read";
    throw policyFailure("schema_invalid", { from: file, problem }, { cause });
  }
  throw policyFailure("schema_invalid", { from: file, problem: "it is no object" });
}
