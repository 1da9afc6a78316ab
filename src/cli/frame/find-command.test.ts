import { expect, it } from "vitest";
import { findCommand } from "./find-command.ts";

const names = ["run", "ls", "agents ls", "policy allow", "policy check"];

it.each([
  [["run", "claude-code", "ls"], { kind: "command", name: "run", rest: ["claude-code", "ls"] }],
  [["help", "run"], { kind: "command", name: "run", rest: ["--help"] }],
  [["policy", "allow", "x"], { kind: "command", name: "policy allow", rest: ["x"] }],
  [["agents"], { kind: "command", name: "agents ls", rest: [] }],
  [["agents", "--json"], { kind: "command", name: "agents ls", rest: ["--json"] }],
  [["policy"], { kind: "overview", group: "policy" }],
  [["policy", "--help"], { kind: "overview", group: "policy" }],
  [["policy", "alow"], { kind: "unknown", name: "policy alow" }],
  [["--json", "ls"], { kind: "command", name: "ls", rest: [] }],
  [[], { kind: "overview" }],
  [["-V"], { kind: "version" }],
  [["rnu"], { kind: "unknown", name: "rnu" }],
] as const)("findCommand() reads %j", (words, found) => {
  expect(findCommand(words, names)).toEqual(found);
});
