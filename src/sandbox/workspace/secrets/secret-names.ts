/** What a file's path alone says of it: that it is a secret, or that it is one if its content says so, too. */
export interface NameVerdict {
  readonly why: string;
  /** Without it the name is enough. Matched against the content as latin1. */
  readonly content?: RegExp;
}

interface Row extends NameVerdict {
  /** Of the path in lower case, relative to the workspace. */
  readonly path: RegExp;
}

const privateKey = /PRIVATE KEY|^\x30[\x81-\x84]/;
const inJson = /"(private_key|client_secret|refresh_token|access_token|secret_access_key|id_token)"\s*:/;

const rows: readonly Row[] = [
  { path: /(^|\/)(\.env(\.[^/]*)?|\.envrc|[^/]+\.env)$/, why: "environment" },
  { path: /(^|\/)\.?secrets?(\.[a-z0-9_-]+)?\.(ya?ml|json|toml|ini|properties)$/, why: "secrets" },
  { path: /(^|\/)\.secrets?$/, why: "secrets" },
  {
    path: /(^|\/)(\.npmrc|\.yarnrc(\.yml)?)$/,
    why: "registry sign-in",
    content: /_auth|_password|authtoken|authident/i,
  },
  { path: /(^|\/)\.pypirc$/, why: "registry sign-in", content: /password/i },
  { path: /(^|\/)(\.cargo\/credentials(\.toml)?|\.gem\/credentials)$/, why: "registry sign-in" },
  {
    path: /(^|\/)(\.composer\/)?auth\.json$/,
    why: "registry sign-in",
    content: /"(password|http-basic|[a-z-]+oauth|bearer)"|_token"|_key"/i,
  },
  { path: /(^|\/)[._]netrc$/, why: "passwords", content: /passw/i },
  { path: /(^|\/)(\.git-credentials|git-credentials|\.pgpass|\.htpasswd|\.vault-token|\.my\.cnf)$/, why: "passwords" },
  {
    path: /(^|\/)(\.dockercfg|\.docker\/config\.json|\.dockerconfigjson)$/,
    why: "registry sign-in",
    content: /"(auth|identitytoken|registrytoken)"/,
  },
  { path: /(^|\/)(\.aws\/credentials|\.s3cfg|\.boto)$/, why: "cloud key" },
  {
    path: /(^|\/)(application_default_credentials|[^/]*service[-_]?account[^/]*|[^/]*credentials?[^/]*|[^/]*-key|gcp[^/]*|azureauth)\.json$/,
    why: "cloud key",
    content: inJson,
  },
  { path: /(^|\/)client_secret[^/]*\.json$/, why: "cloud key" },
  { path: /(^|\/)(\.terraformrc|credentials\.tfrc\.json)$/, why: "cloud key", content: /token/i },
  {
    path: /(^|\/)(\.config\/gh\/hosts\.yml|\.codex\/auth\.json|\.claude\/\.credentials\.json|\.pi\/agent\/auth\.json)$/,
    why: "sign-in",
  },
  {
    path: /(^|\/)(\.kube\/config|[^/]*kubeconfig[^/]*)$/,
    why: "cluster sign-in",
    content: /client-key-data|token:|password:/,
  },
  { path: /(^|\/)id_(rsa|dsa|ecdsa|ed25519)(_sk)?$/, why: "private key" },
  { path: /\.(p12|pfx|jks|keystore|bks|ppk|kdbx?)$/, why: "key store" },
  { path: /\.(pem|key|der|p8|pk8|crt|cer|asc|gpg)$/, why: "private key", content: privateKey },
  { path: /(^|\/)config\/(master|credentials\/[^/]+)\.key$/, why: "master key" },
];

/** Templates of such files, which are made to be read. What the detector finds in one masks it all the same. */
const template = /\.(example|sample|template|tmpl|dist|defaults?|schema|md|[cm]?[jt]sx?|py|rb|go|rs|pub)$/;

/** What the name says; undefined when it says nothing. */
export function judgeName(path: string): NameVerdict | undefined {
  const lower = path.toLowerCase();
  if (template.test(lower)) return undefined;
  const found = rows.filter((row) => row.path.test(lower));
  return found.find(({ content }) => content === undefined) ?? found[0];
}
