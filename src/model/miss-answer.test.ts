import { describe, expect, it } from "vitest";
import { missAnswer } from "./miss-answer.ts";

describe("missAnswer()", () => {
  it("is an error of the API's own form, that no client tries again", () => {
    const message = "caisson: replay has no answer: another prompt";
    expect(missAnswer("anthropic", "another prompt")).toMatchObject({
      status: 410,
      headers: { "x-should-retry": "false" },
    });
    expect(JSON.parse(missAnswer("anthropic", "another prompt").body)).toEqual({
      type: "error",
      error: { type: "invalid_request_error", message },
    });
    expect(JSON.parse(missAnswer("openai", "another prompt").body).error).toMatchObject({
      message,
      code: "replay_missed",
    });
  });
});
