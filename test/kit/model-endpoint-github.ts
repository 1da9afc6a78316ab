type Json = Readonly<Record<string, unknown>>;

/** What GitHub answers Copilot besides the models' words: who it is, and which models there are. Undefined for other paths. */
export function readGithub(method: string, path: string): Json | undefined {
  if (method !== "GET") return undefined;
  switch (path) {
    case "/copilot_internal/user":
      return {
        login: "scripted",
        copilot_plan: "individual",
        access_type_sku: "scripted",
        chat_enabled: true,
        endpoints: { api: "https://api.individual.githubcopilot.com" },
      };
    case "/models":
      return {
        object: "list",
        data: [
          model("gpt-5.4", ["/responses"]),
          model("gpt-5.1", ["/responses"]),
          model("gpt-4.1", ["/chat/completions"]),
        ],
      };
    default:
      return undefined;
  }
}

const model = (id: string, endpoints: readonly string[]): Json => ({
  id,
  name: id,
  object: "model",
  vendor: "scripted",
  version: id,
  preview: false,
  model_picker_enabled: true,
  supported_endpoints: endpoints,
  policy: { state: "enabled", terms: "" },
  capabilities: {
    family: id,
    object: "model_capabilities",
    type: "chat",
    tokenizer: "o200k_base",
    limits: { max_context_window_tokens: 200_000, max_prompt_tokens: 150_000, max_output_tokens: 30_000 },
    supports: { streaming: true, tool_calls: true, parallel_tool_calls: true, structured_outputs: true },
  },
});
