import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitCopies } from "./split-copies.ts";
import type { ViewMount } from "./view.ts";

const bind = (source: string, target: string): ViewMount => ({ kind: "ro-bind", source, target });

/** What is seen at a path: the source of the last mount over it, with the way below it. A mount below what was hidden is none. */
function seenAt(mounts: readonly ViewMount[], path: string): string | undefined {
  const over = mounts.findLast(({ kind, target }) => kind !== "remount-ro" && `${path}/`.startsWith(`${target}/`));
  if (over === undefined || !("source" in over)) return over?.kind;
  return `${over.kind} ${over.source}${path.slice(over.target.length)}`;
}

describe("splitCopies", () => {
  it("leaves the first mount of a source to bubblewrap and copies the others from it", () => {
    const mounts = [bind("/empty", "/w/.a"), bind("/empty", "/w/.b"), bind("/empty", "/w/.c"), bind("/data", "/data")];
    expect(splitCopies(mounts)).toEqual({
      mounts: [bind("/empty", "/w/.a"), bind("/data", "/data")],
      copies: [
        { from: "/w/.a", to: "/w/.b" },
        { from: "/w/.a", to: "/w/.c" },
      ],
    });
  });

  it("copies nothing that is mounted over later, nor from what is, and nothing writable", () => {
    const hidden: readonly ViewMount[] = [
      bind("/empty", "/w/a"),
      bind("/empty", "/w/b/c"),
      { kind: "bind", source: "/x", target: "/w" },
    ];
    expect(splitCopies(hidden)).toEqual({ mounts: hidden, copies: [] });
    const below = [bind("/empty", "/a"), bind("/empty", "/b"), bind("/x", "/b/c")];
    expect(splitCopies(below)).toEqual({ mounts: below, copies: [] });
    const writable = ["/a", "/b"].map((target): ViewMount => ({ kind: "bind", source: "/s", target }));
    expect(splitCopies(writable)).toEqual({ mounts: writable, copies: [] });
  });

  it("shows at every path what the mounts in their order show", () => {
    const part = fc.constantFrom("a", "b");
    const path = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join("/")}`);
    const mount = fc.oneof(
      fc.record({
        kind: fc.constantFrom("ro-bind", "bind"),
        source: fc.constantFrom("/s", "/t"),
        target: path,
      }),
      fc.record({ kind: fc.constantFrom("tmpfs", "remount-ro"), target: path }),
    ) as fc.Arbitrary<ViewMount>;
    fc.assert(
      fc.property(fc.array(mount, { maxLength: 8 }), path, (mounts, at) => {
        const { mounts: made, copies } = splitCopies(mounts);
        const copied = copies.map(({ from, to }): ViewMount => {
          // The last one there: it hides any before it.
          const source = made.findLast((mount) => mount.target === from && mount.kind === "ro-bind");
          return { ...(source as ViewMount), target: to } as ViewMount;
        });
        for (const { from } of copies) expect(seenAt(made, from)).toBe(seenAt(mounts, from));
        expect(seenAt([...made, ...copied], at)).toBe(seenAt(mounts, at));
      }),
    );
  });
});
