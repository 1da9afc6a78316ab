import * as z from "zod";
import { colorNames } from "./color-names.ts";
import { Name } from "./policy.ts";

/** Name of an agent or a sandbox of a manifest: also what people type, and a file's name. */
export const KebabName = z
  .string()
  .max(64, "at most 64 characters")
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "use kebab-case: lower-case letters and digits, with single - between them");

/** Names of sandboxes, one or several: folded left to right. */
export const SandboxNames = z.union([KebabName, z.array(KebabName)]);

const JsonSchemaObject = z.record(z.string(), z.unknown());

/** An agent of a manifest: provider + instructions. */
export const ManifestAgent = z.strictObject({
  provider: Name,
  model: z.string().min(1).optional(),
  instructions: z
    .string()
    .optional()
    .meta({ description: "Text put before every prompt; {{name}} stands for a parameter" }),
  sandbox: SandboxNames.optional().meta({
    description: "The sandbox that it works in; of several the later are stronger",
  }),
  label: z.string().min(1).max(80).optional().meta({ description: "A name for people, in lists" }),
  color: z.enum(colorNames).optional().meta({ description: "Marks its runs in lists" }),
  parameters: JsonSchemaObject.optional().meta({
    description: "JSON Schema (type: object) of what --param NAME=VALUE takes",
  }),
  output: JsonSchemaObject.optional().meta({ description: "JSON Schema of its last answer" }),
  image: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "Its image on the docker engine, in place of the provider's" }),
  dockerfile: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "Dockerfile of its image, from the manifest's folder; built when its folder changed" }),
  skills: z
    .array(z.string().min(1))
    .optional()
    .meta({ description: "Folders with a SKILL.md, relative to the manifest" }),
  command: z
    .array(z.string())
    .min(1)
    .optional()
    .meta({ description: "For providers `command` and `acp`: what it runs" }),
});
export type ManifestAgent = z.output<typeof ManifestAgent>;
