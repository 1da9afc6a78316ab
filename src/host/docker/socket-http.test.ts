import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { socketHttp } from "./socket-http.ts";

describe("socketHttp()", () => {
  it("loads nothing of fetch", () => {
    const file = JSON.stringify(join(import.meta.dirname, "socket-http.ts"));
    const script = `const { socketHttp } = await import(${file}); socketHttp(); console.log(process.moduleLoadList.join())`;
    const loaded = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    expect(loaded).toContain("NativeModule _http_client");
    expect(loaded).not.toContain("undici");
  });

  it("gives an agent whose sockets nobody renders", () => {
    expect(inspect({ agent: socketHttp().agent }, { showHidden: true, depth: null })).toBe("{ agent: agent }");
  });
});
