import { expect, it } from "vitest";
import { parseDuration } from "../../base/duration.ts";
import { durationText } from "./duration-text.ts";

it.each([
  [14_400, "4 h"],
  [5400, "1 h 30 min"],
  [90, "1 min 30 s"],
  [0.25, "0.25 s"],
  [30 * 86_400, "30 d"],
  [0, "0 s"],
])("durationText() says %s s as %s, and loses nothing", (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
  expect(parseDuration(text.replaceAll(" ", "").replace("min", "m"))).toBe(seconds);
});
