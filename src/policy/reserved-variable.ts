const own = "it is how the sandbox reaches the gate, and Caisson sets it";
const loader = "it would make other code load into every program of the sandbox";
const trust = "it says whom programs trust, and the sandbox trusts its own gate's CA";
const place = "the sandbox has its own";

const exact: Readonly<Record<string, string>> = {
  NODE_OPTIONS: loader,
  BASH_ENV: loader,
  ENV: loader,
  PYTHONSTARTUP: loader,
  NODE_USE_ENV_PROXY: own,
  NODE_USE_SYSTEM_CA: trust,
  NODE_TLS_REJECT_UNAUTHORIZED: trust,
  SSL_CERT_FILE: trust,
  SSL_CERT_DIR: trust,
  PIP_CERT: trust,
  AWS_CA_BUNDLE: trust,
  GIT_SSL_NO_VERIFY: trust,
  GIT_CONFIG: place,
  GIT_DIR: place,
  GIT_WORK_TREE: place,
  HOME: place,
  PATH: place,
  USER: place,
  LOGNAME: place,
  PWD: place,
  TMPDIR: place,
  SHELL: place,
};
const patterns: readonly (readonly [RegExp, string])[] = [
  [/^([A-Z0-9_]*_)?(HTTP|HTTPS|ALL|NO|FTP)_PROXY$/i, own],
  [/^(LD|DYLD)_/, loader],
  [/(^|_)(EXTRA_)?CA(_|$|INFO|PATH|FILE)/, trust],
  [/^(npm|pnpm|yarn)_config_(https?[_-])?(noproxy|proxy|cafile|ca|strict[_-]ssl)$/i, trust],
  [/^GIT_(CONFIG_|SSL_CA|PROXY_)/, place],
  [/^CAISSON(_|$)/, "names with CAISSON are Caisson's own"],
  [/^BASH_FUNC_/, loader],
];

/** Why a variable of this name may not be given to the agent; undefined when it may. */
export function reservedVariableReason(name: string): string | undefined {
  if (Object.hasOwn(exact, name)) return exact[name];
  return patterns.find(([pattern]) => pattern.test(name))?.[1];
}
