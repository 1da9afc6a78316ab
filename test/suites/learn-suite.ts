import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TestEngine } from "../kit/test-engine.ts";

const fetching = `get() { curl -s -o /dev/null -m 10 "$@" || true; }
for n in 1 2 3 4; do get https://docs.acme.example/v1/items/$n/page?q=secret; done
get -X POST -d x https://docs.acme.example/v1/search
get https://other.acme.example/one
get https://10.1.2.3/x
get https://canary.acme.example/?k=$CANARY; get https://canary.acme.example/plain
get https://169.254.169.254/latest`;

/** Learning from what a run was refused, on one engine. */
export function describeLearn(engine: TestEngine): void {
  describe(`caisson policy learn (${engine.name})`, () => {
    it("shows the narrow routes that a run lacked, adds them to the person's manifest, and they let just that pass", async () => {
      await using cli = engine.createCli();
      mkdirSync(cli.configDir, { recursive: true });
      const manifest = join(cli.configDir, "caisson.yaml");
      const own = `# my own
routes:
  - host: used.example # keep this
    credential: { name: canary, inject: [{ as: bearer }] }
credentials: { canary: { env: CANARY_KEY, environment: [CANARY] } }
`;
      writeFileSync(manifest, own, { mode: 0o640 });
      const env = { CANARY_KEY: "a-real-key-that-stays-out" };
      const ran = await cli.run(["run", "--label", "l", "--", "sh", "-c", fetching], { env });
      expect(ran.exitCode, ran.stderr).toBe(0);
      const learned = (await cli.run(["policy", "learn", "l", "--json"])).json<{
        routes: object[];
        left: { host: string; why: string }[];
        written: boolean;
      }>();
      expect(learned.routes).toEqual([
        { host: "docs.acme.example", methods: ["GET"], paths: ["/v1/items/*/page"] },
        { host: "docs.acme.example", methods: ["POST"], paths: [{ exact: "/v1/search" }] },
        { host: "other.acme.example", methods: ["GET"], paths: [{ exact: "/one" }] },
      ]);
      expect(learned.left).toMatchObject([{ host: "canary.acme.example", why: "a placeholder was sent to this host" }]);
      expect(readFileSync(manifest, "utf8")).toBe(own);
      const shown = await cli.run(["policy", "learn", "l"]);
      expect(shown.stdout).toMatch(/\n\+ +# learned from .*\n\+ +- \{ host: docs\.acme\.example, /);
      expect(shown.stdout).not.toContain("secret");
      expect(shown.stderr).toMatch(/caisson policy learn \S+ --write/);
      expect(await cli.run(["policy", "learn", "l", "--write"])).toMatchObject({ exitCode: 0 });
      const text = readFileSync(manifest, "utf8");
      for (const part of ["# my own", "# keep this", "credentials: { canary:"]) expect(text).toContain(part);
      expect(statSync(manifest).mode & 0o777).toBe(0o640);
      const explain = async (url: string, method = "GET") =>
        (await cli.run(["policy", "explain", "--url", url, "--method", method], { env })).exitCode;
      expect(await explain("https://docs.acme.example/v1/items/77/page")).toBe(0);
      expect(await explain("https://docs.acme.example/v1/items/77/other")).toBe(5);
      expect(await explain("https://docs.acme.example/v1/search")).toBe(5);
      expect(await explain("https://docs.acme.example/v1/search", "POST")).toBe(0);
      expect(await explain("https://canary.acme.example/plain")).toBe(5);
      expect((await cli.run(["policy", "learn", "l"])).stdout).toMatch(/^nothing was refused for want of a route\n/);
      expect((await cli.run(["policy", "learn", "nobody"])).exitCode).toBe(3);
    });
  });
}
