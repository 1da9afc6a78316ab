import type { LaunchPlan } from "../spec/engine.ts";
import { trustPaths } from "./trust-files.ts";

/** Never through the proxy: the sandbox's own loopback. */
const loopback = "localhost,127.0.0.1,::1";

/**
 * The variables that every command inside starts with, whatever the engine: who and where it is, the way to the gate, and
 * the roots of trust in the words of each ecosystem. A convenience for clients; nothing here is what keeps the agent in.
 */
export function sandboxEnvironment(
  plan: Pick<LaunchPlan, "home" | "path" | "proxyPort">,
): Readonly<Record<string, string>> {
  const proxy = `http://127.0.0.1:${plan.proxyPort}`;
  const { authority, bundle } = trustPaths;
  return {
    HOME: plan.home,
    USER: "agent",
    LOGNAME: "agent",
    SHELL: "/bin/bash",
    LANG: "C.UTF-8",
    TMPDIR: "/tmp",
    PATH: plan.path.join(":"),
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    http_proxy: proxy,
    https_proxy: proxy,
    ALL_PROXY: proxy,
    all_proxy: proxy,
    NO_PROXY: loopback,
    no_proxy: loopback,
    NODE_USE_ENV_PROXY: "1",
    npm_config_proxy: proxy,
    npm_config_https_proxy: proxy,
    npm_config_noproxy: loopback,
    NODE_EXTRA_CA_CERTS: authority,
    SSL_CERT_FILE: bundle,
    REQUESTS_CA_BUNDLE: bundle,
    CURL_CA_BUNDLE: bundle,
    GIT_SSL_CAINFO: bundle,
    PIP_CERT: bundle,
    CODEX_CA_CERTIFICATE: authority,
    CARGO_HTTP_CAINFO: bundle,
    DENO_CERT: authority,
    AWS_CA_BUNDLE: bundle,
    npm_config_cafile: bundle,
  };
}
