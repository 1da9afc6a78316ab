import type { LaunchPlan } from "../spec/engine.ts";
import { trustStorePassword } from "./java-trust-store.ts";
import { trustPaths } from "./trust-files.ts";

/** Never through the proxy: the sandbox's own loopback. */
const loopback = "localhost,127.0.0.1,::1";

/**
 * The variables that every command inside starts with, whatever the engine: who and where it is, the way to the gate, and
 * the roots of trust in the words of each ecosystem. A convenience for clients; nothing here is what keeps the agent in.
 */
export function sandboxEnvironment(
  plan: Pick<LaunchPlan, "home" | "path" | "proxy" | "limits">,
): Readonly<Record<string, string>> {
  const proxy = `http://${plan.proxy.host}:${plan.proxy.port}`;
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
    YARN_HTTP_PROXY: proxy,
    YARN_HTTPS_PROXY: proxy,
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
    YARN_HTTPS_CA_FILE_PATH: bundle,
    GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: bundle,
    NIX_SSL_CERT_FILE: bundle,
    HEX_CACERTS_PATH: bundle,
    JAVA_TOOL_OPTIONS: javaOptions(plan),
  };
}

/** Java reads neither proxy variables nor PEM files, and takes the machine's memory for its own. */
const javaOptions = (plan: Pick<LaunchPlan, "proxy" | "limits">): string =>
  [
    `-Djavax.net.ssl.trustStore=${trustPaths.java}`,
    `-Djavax.net.ssl.trustStorePassword=${trustStorePassword}`,
    ...["http", "https"].flatMap((scheme) => [
      `-D${scheme}.proxyHost=${plan.proxy.host}`,
      `-D${scheme}.proxyPort=${plan.proxy.port}`,
    ]),
    "-Dhttp.nonProxyHosts=localhost|127.*|[::1]",
    `-XX:MaxRAM=${plan.limits.memoryBytes}`,
  ].join(" ");
