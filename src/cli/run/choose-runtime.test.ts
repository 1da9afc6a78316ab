import { describe, expect, it } from "vitest";
import { chooseRuntime } from "./choose-runtime.ts";

const plain = { wished: undefined, known: ["runc"], isMounted: false };
const both = { ...plain, known: ["io.containerd.runc.v2", "runc", "runsc"] };

describe("chooseRuntime()", () => {
  it("takes gVisor by itself where the engine has it, else the engine's default", () => {
    expect(chooseRuntime(plain)).toEqual({});
    expect(chooseRuntime(both)).toEqual({ runtime: "runsc" });
  });

  it("stays with the default for a mounted workspace, and says why", () => {
    expect(chooseRuntime({ ...both, isMounted: true })).toEqual({ why: expect.stringContaining("not runsc") });
    expect(chooseRuntime({ ...plain, isMounted: true })).toEqual({});
  });

  it("takes the one that was asked for, or refuses: never another", () => {
    expect(chooseRuntime({ ...both, wished: "runc", isMounted: true })).toEqual({ runtime: "runc" });
    const refused = (given: object) => () => chooseRuntime({ ...both, ...given });
    expect(refused({ wished: "kata" })).toThrow(expect.objectContaining({ code: "runtime_unknown" }));
    expect(refused({ wished: "runsc", isMounted: true })).toThrow(
      expect.objectContaining({ code: "runtime_unguarded" }),
    );
    expect(refused({ wished: "runsc-kvm", known: ["runsc-kvm"], isMounted: true })).toThrow(
      expect.objectContaining({ code: "runtime_unguarded" }),
    );
  });
});
