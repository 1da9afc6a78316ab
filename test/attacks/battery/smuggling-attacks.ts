import type { Attack, Evidence } from "../attack.ts";
import { gateAttack, get, requested, say, through, without } from "./gate-words.ts";

const readRequest = "src/gate/http1/read-request.ts";
const framing = "src/gate/http1/framing.ts";
const parseHead = "src/gate/http1/parse-head.ts";
const outgoing = "src/gate/request/outgoing-head.ts";

/** The request that is hidden in another one's body. The marker's place is as long as a marker: lengths must be true. */
const hidden = get("/secret/MARKERMARKERMARKER", "good.test");
const post = (lines: string, body: string, host = "good.test") =>
  `POST /public/x HTTP/1.1\r\nHost: ${host}\r\n${lines}\r\n${body}`;
const smuggled: Evidence = requested("/secret");
const smuggling = { breaks: "3 deny by default", evidence: smuggled } as const;
/** The agent's own framing headers go on as they came. */
const keepsHeader = (name: string) => ({ file: outgoing, find: `  "${name}",\n`, replace: "" });
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;

/** One message that two servers read as different ones. */
const framings: readonly Attack[] = [
  gateAttack({
    ...smuggling,
    name: "smuggling-cl-te",
    setting: say(
      through(
        "good.test",
        post(`Content-Length: ${`0\r\n\r\n${hidden}`.length}\r\nTransfer-Encoding: chunked\r\n`, `0\r\n\r\n${hidden}`),
      ),
    ),
    defence: "two lengths are refused, framing is written anew",
    off: {
      patches: [
        {
          file: framing,
          find: 'if (codings.length > 0) {\n    if (lengths.length > 0) return { malformed: "both content-length and transfer-encoding are given" };\n    if (minor',
          replace: "if (codings.length > 0 && lengths.length === 0) {\n    if (minor",
        },
        keepsHeader("transfer-encoding"),
      ],
    },
  }),
  gateAttack({
    ...smuggling,
    name: "smuggling-te-cl",
    setting: say(
      through(
        "cl.good.test",
        post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", chunk(hidden), "cl.good.test"),
      ),
    ),
    defence: "two lengths are refused, framing is written anew",
    off: {
      patches: [
        {
          file: framing,
          find: 'if (lengths.length > 0) return { malformed: "both content-length and transfer-encoding are given" };\n    if (minor',
          replace: "if (minor",
        },
        keepsHeader("content-length"),
      ],
    },
  }),
  gateAttack({
    ...smuggling,
    name: "smuggling-two-lengths",
    setting: say(through("good.test", post(`Content-Length: ${hidden.length}\r\nContent-Length: 0\r\n`, hidden))),
    defence: "a second length is refused, framing is written anew",
    off: {
      patches: [
        {
          file: framing,
          find: `if (lengths.length > 1) return { malformed: "content-length is given more than once" };\n  return readLength(lengths[0] ?? "");\n}\n\n/** An answer's`,
          replace: `return readLength(lengths[0] ?? "");\n}\n\n/** An answer's`,
        },
        keepsHeader("content-length"),
        { file: outgoing, find: "`content-length: ${body.length}\\r\\n`", replace: `""` },
      ],
    },
  }),
  gateAttack({
    ...smuggling,
    name: "smuggling-blank-before-colon",
    setting: say(
      through(
        "good.test",
        post(`Content-Length: ${`0\r\n\r\n${hidden}`.length}\r\nTransfer-Encoding : chunked\r\n`, `0\r\n\r\n${hidden}`),
      ),
    ),
    defence: "header names are tokens",
    off: without(parseHead, "if (!token.test(raw)) return undefined;"),
  }),
  gateAttack({
    ...smuggling,
    name: "smuggling-folded-header",
    setting: say(
      through(
        "good.test",
        post(
          `Content-Length: ${`0\r\n\r\n${hidden}`.length}\r\nX-A: b\r\n Transfer-Encoding: chunked\r\n`,
          `0\r\n\r\n${hidden}`,
        ),
      ),
    ),
    defence: "header names are tokens: no folded line",
    off: without(parseHead, "if (!token.test(raw)) return undefined;"),
  }),
  gateAttack({
    ...smuggling,
    name: "smuggling-bare-line-feed",
    setting: say(
      through(
        "good.test",
        `GET /public/x HTTP/1.1\r\nHost: good.test\r\nX-A: b\n\n${hidden.replaceAll("\r", "")}\r\n\r\n`,
      ),
    ),
    defence: "header values hold no control characters",
    off: without(parseHead, "const requestValue = /^[\\t\\x20-\\x7e]*$/;", "const requestValue = /^[^]*$/;"),
  }),
  gateAttack({
    ...smuggling,
    name: "smuggling-after-upgrade",
    setting: say(
      through(
        "good.test",
        get("/public/upgrade", "good.test", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n"),
        hidden,
      ),
    ),
    defence: "after a switch of protocols only masked frames pass",
    off: without("src/gate/scan/frame-scan.ts", "if ((second & 0x80) === 0) return false;"),
  }),
];

const agreement = { breaks: "3 deny by default" } as const;
/** A gate that judges the tunnel by its CONNECT and passes on what is said inside, as plain proxies do. */
const judgesTheTunnelOnly = {
  patches: [
    {
      file: readRequest,
      find: "if (named.host !== entrance.host || named.port !== entrance.port) {",
      replace: 'if (entrance.host === "") {',
    },
    {
      file: readRequest,
      find: "return { scheme, host: named.host, port: named.port, target",
      replace:
        'return { scheme, host: entrance.kind === "tunnel" ? entrance.host : named.host, port: named.port, target',
    },
    keepsHeader("host"),
    { file: outgoing, find: "return `${line}${host}${fields}", replace: "return `${line}${fields}" },
  ],
};

/** CONNECT, SNI, URL and Host that do not agree. */
const disagreements: readonly Attack[] = [
  gateAttack({
    ...agreement,
    name: "host-header-of-another-site",
    setting: say(through("good.test", get("/public/MARKER", "evil.test"))),
    evidence: { kind: "sighting", pattern: "^request .* host=evil\\.test" },
    defence: "Host must be the tunnel's host",
    off: judgesTheTunnelOnly,
  }),
  gateAttack({
    ...agreement,
    name: "fronting",
    setting: say(through("other.test", get("/public/MARKER", "hidden.good.test"))),
    evidence: { kind: "sighting", pattern: "^request .* host=hidden\\.good\\.test" },
    defence: "Host must be the tunnel's host",
    off: judgesTheTunnelOnly,
  }),
  gateAttack({
    ...agreement,
    name: "url-against-host-header",
    setting: say(through("good.test", get("https://good.test/public/MARKER", "evil.test"))),
    defence: "URL and Host must agree",
    off: without(
      readRequest,
      "if (named.host !== byHost.host || named.port !== byHost.port)",
      'if (named.host === "")',
    ),
  }),
  gateAttack({
    ...agreement,
    name: "sni-of-another-site",
    setting: say({ ...through("good.test", get("/public/MARKER", "good.test")), sni: "evil.test" }),
    defence: "SNI must be the tunnel's host",
    off: without("src/gate/serve-connection.ts", "outcome.name?.toLowerCase() !== host", 'host === ""'),
  }),
  gateAttack({
    ...agreement,
    name: "connect-host-of-another-site",
    setting: say(through("good.test", get("/public/MARKER", "good.test")), {
      variables: { CONNECT_HOST: "evil.test:443" },
    }),
    defence: "a CONNECT's Host must be its target",
    off: without(
      "src/gate/serve-connection.ts",
      "if (named.host !== target.host || named.port !== target.port) {",
      'if (named.host === "") {',
    ),
  }),
];

/** Requests that say two things at once. */
export const smugglingAttacks: readonly Attack[] = [...framings, ...disagreements];
