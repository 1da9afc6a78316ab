import { expect, it } from "vitest";
import { parseStat } from "./process-table.ts";

it("parseStat() reads fields behind a command name with brackets and spaces", () => {
  const rest = Array.from({ length: 46 }, (_, index) => index + 7).join(" ");
  expect(parseStat(12, `12 (a) b (c) S 3 4 5 ${rest}`)).toEqual({
    pid: 12,
    ppid: 3,
    state: "S",
    session: 5,
    startTicks: "22",
  });
});

it("parseStat() takes a process that vanished, or a cut line, for none", () => {
  expect(parseStat(12, undefined)).toBeUndefined();
  expect(parseStat(12, "12 (a) S 1 2")).toBeUndefined();
});
