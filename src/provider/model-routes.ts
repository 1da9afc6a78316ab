import type { Route } from "../spec/policy.ts";
import type { ProviderCredential } from "./provider.ts";

/** What a CLI needs of Anthropic's API: messages, token counts, the list of models. */
export function anthropicRoutes(credential: ProviderCredential | undefined): readonly Route[] {
  const signIn = signInOf(credential);
  const host = "api.anthropic.com";
  const model = "anthropic";
  const messages = [{ exact: "/v1/messages" }, { exact: "/v1/messages/count_tokens" }];
  return [
    httpsRoute({ name: "anthropic", host, methods: ["POST"], paths: messages, model, ...signIn }),
    httpsRoute({
      name: "anthropic-models",
      host,
      methods: ["GET"],
      paths: [{ prefix: "/v1/models" }],
      model,
      ...signIn,
    }),
  ];
}

/** What a CLI needs of OpenAI's API: chat completions, responses, the list of models. */
export function openaiRoutes(credential: ProviderCredential | undefined): readonly Route[] {
  const signIn = signInOf(credential);
  const host = "api.openai.com";
  const model = "openai";
  const models = [{ exact: "/v1/chat/completions" }, { exact: "/v1/responses" }];
  return [
    httpsRoute({ name: "openai", host, methods: ["POST"], paths: models, model, ...signIn }),
    httpsRoute({ name: "openai-models", host, methods: ["GET"], paths: [{ prefix: "/v1/models" }], model, ...signIn }),
  ];
}

/** What Codex needs of ChatGPT's own API, which a subscription pays for. */
export function chatgptRoutes(credential: ProviderCredential): readonly Route[] {
  const signIn = signInOf(credential);
  const host = "chatgpt.com";
  const model = "openai";
  const paths = [{ exact: "/backend-api/codex/responses" }];
  return [
    httpsRoute({ name: "chatgpt", host, methods: ["POST"], paths, model, ...signIn }),
    httpsRoute({
      name: "chatgpt-models",
      host,
      methods: ["GET"],
      paths: [{ exact: "/backend-api/codex/models" }],
      model,
      ...signIn,
    }),
  ];
}

/** How a route injects a provider's credential. */
export function signInOf(credential: ProviderCredential | undefined): Pick<Route, "credential"> {
  return credential ? { credential: { name: credential.name, inject: [...credential.inject] } } : {};
}

/** A route for https on port 443 to exactly one host, with what differs. Made without the schema: that costs launch time. */
export function httpsRoute(route: Partial<Route> & Pick<Route, "name" | "host">): Route {
  const none = { paths: [], methods: [], headers: [], allowAddresses: [] };
  return { ports: [443], scheme: "https", ...none, http2: false, once: false, ...route };
}
