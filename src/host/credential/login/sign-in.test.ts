import { expect, it } from "vitest";
import { readPasted } from "./sign-in.ts";

it.each([
  ["abc", { code: "abc" }],
  ["  abc#state-1\n", { code: "abc", state: "state-1" }],
  ["https://x.example/callback?code=abc&state=s", { code: "abc", state: "s" }],
  ["http://localhost:1455/callback?error=access_denied", { code: "" }],
  ["", { code: "" }],
])("readPasted() reads %j", (text, read) => {
  expect(readPasted(text)).toEqual(read);
});
