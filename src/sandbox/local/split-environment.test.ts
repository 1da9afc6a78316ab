import { expect, it } from "vitest";
import { splitEnvironment } from "./split-environment.ts";

it("splitEnvironment() keeps what steers loaders and shells away from our helpers", () => {
  const { around, atLast } = splitEnvironment({
    HOME: "/home/agent",
    LD_PRELOAD: "/evil.so",
    BASH_ENV: "/evil.sh",
    "BASH_FUNC_exec%%": "() { evil; }",
    GLIBC_TUNABLES: "x",
    UID: "7",
    "not-a-shell-name": "kept",
    NODE_OPTIONS: "--max-old-space-size=100",
  });
  expect(around).toEqual({ HOME: "/home/agent", NODE_OPTIONS: "--max-old-space-size=100" });
  expect(atLast.filter((word) => word !== "--setenv")).toEqual([
    "LD_PRELOAD",
    "/evil.so",
    "BASH_ENV",
    "/evil.sh",
    "BASH_FUNC_exec%%",
    "() { evil; }",
    "GLIBC_TUNABLES",
    "x",
    "UID",
    "7",
    "not-a-shell-name",
    "kept",
  ]);
});

it("splitEnvironment() leaves out what no environment can hold", () => {
  expect(splitEnvironment({ "": "x", "A=B": "x", N: "a\0b", OK: "1" })).toEqual({ around: { OK: "1" }, atLast: [] });
});
