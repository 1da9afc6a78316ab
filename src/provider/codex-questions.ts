import type { Answer, Question } from "../spec/session.ts";
import { objectIn, objectsIn, type StreamObject, textIn } from "./json-line-decoder.ts";

/** A request of the app-server's that a person answers. */
interface AskedRequest {
  readonly question: Omit<Question, "question">;
  /** The result for the app-server, or why the answer does not fit. */
  resultOf(answer: Answer): { readonly result: object } | { readonly misfit: string };
  /** What it is told where nobody is asked: the sandbox is the permission system. */
  readonly unasked?: object;
}

const permissionOptions: Question["options"] = [
  { id: "allow", label: "Allow", means: "allow" },
  { id: "allow_always", label: "Allow for this session", means: "allow_always" },
  { id: "deny", label: "Deny", means: "deny" },
];

/** Reads a request of the app-server's; several questions of a model's are several here. Undefined for what no person answers. */
export function readCodexRequest(method: string, params: StreamObject): AskedRequest | undefined {
  switch (method) {
    case "item/commandExecution/requestApproval": {
      const { command, cwd } = params;
      const title = textIn(params, "reason") || `Run ${textIn(params, "command")}`;
      return decided({ kind: "permission", title, tool: "shell", input: { command, cwd }, options: permissionOptions });
    }
    case "item/fileChange/requestApproval": {
      const title = textIn(params, "reason") || "Change files";
      const root = params.grantRoot ?? null;
      const input = root === null ? {} : { root };
      return decided({ kind: "permission", title, tool: "apply_patch", input, options: permissionOptions });
    }
    case "item/permissions/requestApproval":
      return readPermissions(params);
    case "mcpServer/elicitation/request":
      return readElicitation(params);
    case "item/tool/requestUserInput":
      return readUserInput(params);
    default:
      return undefined;
  }
}

function decided(question: AskedRequest["question"]): AskedRequest {
  const decisions: Readonly<Record<string, string>> = { allow: "accept", allow_always: "acceptForSession" };
  return {
    question,
    resultOf: (answer) => ({
      result: { decision: ("option" in answer ? decisions[answer.option] : undefined) ?? "decline" },
    }),
    unasked: { decision: "accept" },
  };
}

function readPermissions(params: StreamObject): AskedRequest {
  const permissions = objectIn(params, "permissions");
  const title = textIn(params, "reason") || "Give further permissions";
  return {
    question: {
      kind: "permission",
      title,
      tool: "request_permissions",
      input: permissions,
      options: permissionOptions,
    },
    resultOf(answer) {
      const option = "option" in answer ? answer.option : "deny";
      const scope = option === "allow_always" ? "session" : "turn";
      return { result: { permissions: option === "deny" ? {} : permissions, scope } };
    },
    unasked: { permissions, scope: "turn" },
  };
}

/** A form of an MCP server: one field is asked for by itself, more of them as one JSON object. */
function readElicitation(params: StreamObject): AskedRequest {
  const message = textIn(params, "message");
  const server = textIn(params, "serverName");
  const url = textIn(params, "url");
  const fields = Object.entries(objectIn(objectIn(params, "requestedSchema"), "properties"));
  const done = (content: unknown) => ({ result: { action: "accept", content, _meta: null } });
  const cancelled = { result: { action: "cancel", content: null, _meta: null } };
  if (url !== "" || fields.length === 0) {
    return {
      question: {
        kind: "permission",
        title: `${server}: ${message}${url === "" ? "" : ` ${url}`}`,
        tool: server,
        options: permissionOptions.filter(({ id }) => id !== "allow_always"),
      },
      resultOf: (answer) => {
        if ("cancelled" in answer) return cancelled;
        const isAllowed = "option" in answer && answer.option === "allow";
        return isAllowed ? done({}) : { result: { action: "decline", content: null, _meta: null } };
      },
    };
  }
  const [first] = fields;
  const isSingle = fields.length === 1 && first !== undefined;
  const names = fields.map(([name]) => name).join(", ");
  return {
    question: {
      kind: "text",
      title: `${server}: ${message} (${isSingle ? names : `a JSON object with ${names}`})`,
      tool: server,
      options: [],
    },
    resultOf(answer) {
      if (!("text" in answer)) return cancelled;
      if (isSingle) return done({ [first[0]]: answer.text });
      try {
        return done(JSON.parse(answer.text));
      } catch {
        return { misfit: `it takes a JSON object with ${names}` };
      }
    },
  };
}

/** Questions of the model's own. It asks one as a rule; of more, the first is put, and its answer given to that one alone. */
function readUserInput(params: StreamObject): AskedRequest | undefined {
  const [asked] = objectsIn(params, "questions");
  if (!asked) return undefined;
  const choices = objectsIn(asked, "options").map((option) => textIn(option, "label"));
  const options = choices.map((label) => ({ id: label, label, means: "other" as const }));
  const isText = options.length === 0 || asked.isOther === true;
  return {
    question: { kind: isText ? "text" : "choice", title: textIn(asked, "question"), options },
    resultOf(answer) {
      const said = "option" in answer ? [answer.option] : "text" in answer ? [answer.text] : [];
      return { result: { answers: { [textIn(asked, "id")]: { answers: said } } } };
    },
  };
}
