import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ConfigEntry,
  digestValues,
  formatConfig,
  groupValues,
  parseConfigList,
  splitKey,
} from "./config-entry.ts";

describe("parseConfigList()", () => {
  it("reads values with newlines, and names without a value", () => {
    expect(parseConfigList(Buffer.from("core.bare\0a.b.c\nx\ny\0"))).toEqual([
      { key: "core.bare", value: undefined },
      { key: "a.b.c", value: "x\ny" },
    ]);
  });
});

describe("splitKey()", () => {
  it("leaves the dots of a subsection alone", () => {
    expect(splitKey("url.https://a.b/.insteadof")).toEqual({
      section: "url",
      subsection: "https://a.b/",
      name: "insteadof",
    });
    expect(splitKey("core.bare")).toEqual({ section: "core", subsection: undefined, name: "bare" });
  });
});

describe("formatConfig()", () => {
  it("writes headings once and quotes what needs it", () => {
    const entries: ConfigEntry[] = [
      { key: "core.bare", value: undefined },
      { key: "core.x", value: 'a "b" \\ ; # c\n\td ' },
      { key: 'remote.o"r.url', value: "u" },
    ];
    expect(formatConfig(entries)).toBe(
      '[core]\n\tbare\n\tx = "a \\"b\\" \\\\ ; # c\\n\\td "\n[remote "o\\"r"]\n\turl = "u"\n',
    );
  });
});

describe("groupValues() and digestValues()", () => {
  it("tell values apart by number, order and content", () => {
    const value = fc.option(fc.string(), { nil: undefined });
    fc.assert(
      fc.property(fc.array(value), fc.array(value), (a, b) => {
        expect(digestValues(a) === digestValues(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
    expect(
      groupValues([
        { key: "a.b", value: "1" },
        { key: "a.c", value: "2" },
        { key: "a.b", value: "3" },
      ]).get("a.b"),
    ).toEqual(["1", "3"]);
  });
});
