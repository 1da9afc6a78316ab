import type { Decoder, Provider } from "./provider.ts";

/** Any program: no credential, no route, its output as it is. */
export const command: Provider = {
  name: "command",
  summary: "any command: caisson run -- COMMAND...",
  binaries: [],
  install: "",
  versionArgs: [],
  credentials: [],
  signIn: "any",
  signInHint: "",
  routes: () => [],
  plan: ({ argv = [], prompt }) => ({
    argv,
    ...(prompt === undefined ? {} : { input: prompt }),
    environment: {},
    files: [],
  }),
  decoder: createOutputDecoder,
};

function createOutputDecoder(): Decoder {
  const decoder = new TextDecoder();
  const produce = (text: string) =>
    text === "" ? [] : [{ event: "output_produced", stream: "stdout", text } as const];
  return {
    decode: (bytes) => produce(decoder.decode(bytes, { stream: true })),
    end: () => produce(decoder.decode()),
  };
}
