import { objectIn, type StreamObject, textIn } from "./json-line-decoder.ts";

/** What the other side said to a request. */
export type AcpReply =
  | { readonly ok: true; readonly result: StreamObject }
  | { readonly ok: false; readonly message: string };

/** The other end of a JSON-RPC conversation: requests out with what is done with the reply, messages in. */
export interface AcpPeer {
  request(method: string, params: object, then: (reply: AcpReply) => void): void;
  notify(method: string, params: object): void;
  reply(id: unknown, result: object): void;
  /** Says that we do not have this method. */
  refuse(id: unknown, method: string): void;
  /** Hands one message of the other side to whom it is for. What is for nobody is left. */
  read(message: StreamObject): void;
}

/** Makes one that writes with `write`, and hands what it is asked and told to `handler`. */
export function createAcpPeer(
  write: (message: object) => void,
  handler: {
    asked(id: unknown, method: string, params: StreamObject): void;
    notified(method: string, params: StreamObject): void;
  },
): AcpPeer {
  const open = new Map<unknown, (reply: AcpReply) => void>();
  let lastId = 0;
  const send = (message: object) => write({ jsonrpc: "2.0", ...message });
  return {
    request(method, params, then) {
      lastId += 1;
      open.set(lastId, then);
      send({ id: lastId, method, params });
    },
    notify: (method, params) => send({ method, params }),
    reply: (id, result) => send({ id, result }),
    refuse: (id, method) => send({ id, error: { code: -32_601, message: `Method not found: ${method}` } }),
    read(message) {
      const { id, method } = message;
      if (typeof method === "string") {
        const params = objectIn(message, "params");
        if (id === undefined) handler.notified(method, params);
        else handler.asked(id, method, params);
        return;
      }
      const then = open.get(id);
      open.delete(id);
      then?.(replyOf(message));
    },
  };
}

/** An error's own words often stand in its data. */
function replyOf(message: StreamObject): AcpReply {
  if (message.error === undefined) return { ok: true, result: objectIn(message, "result") };
  const error = objectIn(message, "error");
  const data = objectIn(error, "data");
  const more = typeof error.data === "string" ? error.data : textIn(data, "details") || textIn(data, "message");
  const said = textIn(error, "message") || "it answered with an error";
  return { ok: false, message: more === "" || said.includes(more) ? said : `${said}: ${more}` };
}
