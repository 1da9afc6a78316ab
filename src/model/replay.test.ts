import { describe, expect, it } from "vitest";
import type { Exchange } from "../spec/gate-protocol.ts";
import { createReplayer } from "./replay.ts";

const exchange = (digest: string, body: string, model = "m"): Exchange => ({
  route: "anthropic",
  model,
  digest,
  request: { method: "POST", path: "/v1/messages", body: {} },
  response: { status: 200, headers: {}, body },
});
const key = (digest: string, model = "m") => ({ route: "anthropic", model, digest });

describe("createReplayer()", () => {
  it("answers by route, model and digest", () => {
    const replayer = createReplayer([exchange("a", "1"), exchange("b", "2"), exchange("a", "side", "small")]);
    expect(replayer.answer(key("b"))?.response.body).toBe("2");
    expect(replayer.answer(key("a", "small"))?.response.body).toBe("side");
    expect(replayer.answer({ ...key("a"), route: "openai" })).toBeUndefined();
  });

  it("answers a retry again, and a repeated request in the recorded order", () => {
    const replayer = createReplayer([exchange("a", "busy"), exchange("b", "2"), exchange("a", "1")]);
    const bodies = ["a", "a", "a", "b", "b"].map((digest) => replayer.answer(key(digest))?.response.body);
    expect(bodies).toEqual(["busy", "1", "1", "2", "2"]);
  });

  it("says why a request is a miss", () => {
    const replayer = createReplayer([exchange("a", "1")]);
    expect(replayer.answer(key("z"))).toBeUndefined();
    expect(replayer.explainMiss(key("z"))).toBe(
      "none of the 1 recorded requests to m holds this conversation (another prompt, or a tool answered otherwise)",
    );
    expect(replayer.explainMiss(key("a", "other"))).toBe("the recording has no request to other, only to m");
    expect(replayer.explainMiss({ ...key("a"), route: "openai" })).toBe("the recording has no request on route openai");
  });
});
