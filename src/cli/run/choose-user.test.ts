import { describe, expect, it } from "vitest";
import { chooseUser } from "./choose-user.ts";

const root = { uid: 0, gid: 0 };
const ada = { uid: 1234, gid: 100 };
const mounted = (owner: typeof root) => ({ mode: "mount", dir: "/w", owner }) as const;

describe("chooseUser()", () => {
  it("is the person, whoever owns the workspace", () => {
    expect(chooseUser(ada, mounted(root))).toEqual(ada);
    expect(chooseUser(ada, { mode: "none" })).toEqual(ada);
  });

  it("is the workspace's owner when root asks", () => {
    expect(chooseUser(root, mounted(ada))).toEqual(ada);
    expect(chooseUser(root, { mode: "copy" })).toEqual({ uid: 1000, gid: 1000 });
  });

  it("is never root", () => {
    expect(() => chooseUser(root, mounted(root))).toThrow(expect.objectContaining({ code: "workspace_of_root" }));
  });
});
