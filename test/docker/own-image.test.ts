import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type Docker from "dockerode";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { buildImage } from "../../src/host/docker/build-image.ts";
import type { TestCli } from "../kit/cli.ts";
import { dockerEngineAt } from "../kit/docker-engine.ts";
import { hideImage } from "../kit/hide-image.ts";
import { dockerTestEngine } from "../kit/test-engine.ts";

const engine = dockerTestEngine(inject("dockerEngine"));
let docker: Docker;
beforeAll(async () => {
  docker = await dockerEngineAt(inject("dockerEngine")).connect();
});

/** Files below the person's home, and a manifest beside them. */
function write(cli: TestCli, files: Readonly<Record<string, string>>, manifest: object): string {
  const file = join(cli.home, "mine/caisson.yaml");
  for (const [path, text] of Object.entries({ ...files, "caisson.yaml": JSON.stringify(manifest) })) {
    mkdirSync(dirname(join(cli.home, "mine", path)), { recursive: true });
    writeFileSync(join(cli.home, "mine", path), text);
  }
  return file;
}

async function removeOwn(): Promise<void> {
  const images = await docker.listImages();
  const names = images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((tag) => tag.startsWith("caisson-own-"));
  for (const name of names) await docker.getImage(name).remove({ force: true });
}

const dockerfile = `FROM caisson-claude-code:latest
COPY tool /usr/local/bin/tool
RUN id -u > /built-as && chmod 0755 /usr/local/bin/tool && tool
`;

describe("an agent's own Dockerfile", () => {
  it("is built as root when its folder is new, used while it is not, and the agent in it is not root", async () => {
    await using cli = engine.createCli();
    try {
      const files = {
        "box/Dockerfile": dockerfile,
        "box/tool": "#!/bin/sh\necho tool one\n",
        "box/.dockerignore": "notes\n",
      };
      const manifest = write(cli, files, { dockerfile: "box/Dockerfile" });
      const run = () =>
        cli.run(["run", "--manifest", manifest, "--", "sh", "-c", "tool; cat /built-as; id -u; claude --version"]);
      const first = await run();
      expect(first, first.stderr).toMatchObject({
        exitCode: 0,
        stdout: expect.stringMatching(/^tool one\n0\n1000\n.*Claude Code/),
      });
      expect(first.stderr).toMatch(/Step 3\/\d : RUN id -u/);
      expect(first.stderr).toMatch(/caisson-own-[0-9a-f]{8}:[0-9a-f]{12} .* built in [\d.]+ s/);

      writeFileSync(join(cli.home, "mine/box/notes"), "no part of it");
      const again = await run();
      expect(again.stdout).toBe(first.stdout);
      expect(again.stderr).not.toContain("Step");

      writeFileSync(join(cli.home, "mine/box/tool"), "#!/bin/sh\necho tool two\n");
      const dry = await cli.run(["run", "--dry-run", "--manifest", manifest, "--", "tool"]);
      expect(dry.stdout).toMatch(/image +caisson-own-\S+ \(not built/);
      expect((await run()).stdout).toMatch(/^tool two\n0\n1000\n/);

      const listed = (await cli.run(["images", "ls", "--json"])).jsonLines<{ target: string; isLatest: boolean }>();
      expect(listed.filter(({ target }) => target.startsWith("own-")).map(({ isLatest }) => isLatest)).toEqual([
        true,
        false,
      ]);
      expect((await cli.run(["images", "prune"])).stdout).toMatch(/^removed {2}caisson-own-/m);
      const left = (await cli.run(["images", "ls", "--json"])).jsonLines<{ target: string; isLatest: boolean }>();
      expect(left.filter(({ target }) => target.startsWith("own-")).map(({ isLatest }) => isLatest)).toEqual([true]);
    } finally {
      await removeOwn();
    }
  });

  it("that fails, is not there, or builds on what is not here stops the run and says where", async () => {
    await using cli = engine.createCli();
    const run = async (text: string | undefined) => {
      const manifest = write(cli, text === undefined ? {} : { Dockerfile: text }, { dockerfile: "Dockerfile" });
      return await cli.run(["run", "--manifest", manifest, "--", "true"]);
    };
    expect(await run(undefined)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("no Dockerfile at") });
    const failed = await run("FROM caisson-base:latest\nRUN echo out of luck && exit 9\n");
    expect(failed.exitCode).toBe(6);
    expect(failed.stderr).toMatch(/Step 2\/\d : RUN .* failed: .*code: 9[\s\S]*out of luck/);
    await using _ = await hideImage(docker, "codex");
    const missing = await run("FROM caisson-codex:latest\n");
    expect(missing).toMatchObject({ exitCode: 4, stderr: expect.stringContaining("caisson images build codex") });
  });

  it("is interrupted by Ctrl-C, in the engine too; nothing is started, also where the engine was not said", async () => {
    await using cli = engine.createCli();
    const manifest = write(
      cli,
      { Dockerfile: "FROM caisson-base:latest\nRUN sleep 600\n" },
      { dockerfile: "Dockerfile" },
    );
    const running = cli.start(["run", "--manifest", manifest, "--", "echo", "started"], {
      env: { CAISSON_ENGINE: "" },
    });
    await running.seen("RUN sleep 600");
    running.kill("SIGINT");
    const { exitCode, stdout, stderr } = await running.ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: "" });
    expect(stderr).toContain("Interrupted while the agent's image was built");
    await expect.poll(async () => (await docker.listContainers()).length).toBe(0);
  });

  it("is refused where the agent could write to it, and ignored where a repository brings it", async () => {
    await using cli = engine.createCli();
    writeFileSync(join(cli.workspace, "Dockerfile"), "FROM caisson-base:latest\n");
    writeFileSync(join(cli.workspace, "caisson.yaml"), "dockerfile: Dockerfile\n");
    const given = await cli.run(["run", "--manifest", join(cli.workspace, "caisson.yaml"), "--", "true"]);
    expect(given).toMatchObject({ exitCode: 5, stderr: expect.stringContaining("lie in one another") });
    const found = await cli.run(["run", "--", "true"]);
    expect(found).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("ignored: dockerfiles Dockerfile") });
  });
});

describe("an image that knows nothing of us", () => {
  const bare = "acme-bare:1";
  beforeAll(async () => {
    const text = [
      "FROM caisson-base:latest AS from",
      "RUN mkdir -p /bare/bin && ldd /bin/sh | grep -o '/[^ ]*' | xargs cp --parents -L -t /bare && cp -L /bin/sh /bare/bin/sh",
      "FROM scratch",
      "COPY --from=from /bare/ /",
      "",
    ].join("\n");
    const build = { dockerfile: text, files: new Map(), tags: [bare], arguments: {}, labels: {} };
    const telling = { tell: () => {}, signal: new AbortController().signal };
    expect(await buildImage(docker, build, telling)).toMatchObject({ ok: true });
  });

  it("with a shell alone runs commands: workspace, home, trust and users are laid over it", async () => {
    await using cli = engine.createCli();
    writeFileSync(join(cli.workspace, "note"), "from outside\n");
    const script = [
      "read -r line < note; echo $line; echo from inside > made; echo $HOME; : > ~/x && : > /tmp/x && echo written",
      'while IFS=: read -r name _ id _; do [ "$id" = 1000 ] && echo $name; done < /etc/passwd',
      "read -r line < $SSL_CERT_FILE; echo $line; read -r line < /run/caisson/ca.pem; echo $line",
      "(: > /etc/x) 2>/dev/null || echo read-only",
    ].join("\n");
    const run = await cli.run(["run", "--image", bare, "--", "sh", "-c", script]);
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    const begin = expect.stringContaining("-----BEGIN CERTIFICATE-----");
    const lines = run.stdout.trimEnd().split("\n");
    expect(lines).toEqual([
      "from outside",
      "/home/agent",
      "written",
      expect.any(String),
      expect.any(String),
      begin,
      "read-only",
    ]);
    expect(readFileSync(join(cli.workspace, "made"), "utf8")).toBe("from inside\n");
  });

  it("is not taken for an agent: what it lacks is said before anything starts", async () => {
    await using cli = engine.createCli();
    const run = await cli.run(["run", "--image", bare, "claude-code", "hi"], { env: { ANTHROPIC_API_KEY: "x" } });
    expect(run).toMatchObject({ exitCode: 4, stderr: expect.stringContaining(`"${bare}" lacks claude, git`) });
    expect((await cli.run(["ls", "--all"])).stdout).toBe("");
  });
});

describe("caisson images prune", () => {
  it("keeps the latest, what a container was made from, and names that are not ours", async () => {
    await using cli = engine.createCli();
    const container = await docker.createContainer({ Image: "caisson-base:latest", Entrypoint: ["true"] });
    const commit = async (key: string) => {
      const changes = [`LABEL caisson.key=${key}`];
      await container.commit({ repo: "caisson-base", tag: key, changes } as never);
      return `caisson-base:${key}`;
    };
    const [unused, used] = [await commit("aaaaaaaaaaaa"), await commit("bbbbbbbbbbbb")];
    await docker.getImage(unused).tag({ repo: "acme-kept", tag: "1" });
    const user = await docker.createContainer({ Image: used, Entrypoint: ["true"] });
    try {
      const { stdout } = await cli.run(["images", "prune"]);
      expect(stdout).toMatch(new RegExp(`removed {2}${unused} `));
      expect(stdout).toMatch(new RegExp(`in use {3}${used} `));
      const tags = (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
      expect(tags).toEqual(expect.arrayContaining(["caisson-base:latest", "caisson-gate:latest", "acme-kept:1", used]));
      expect(tags).not.toContain(unused);
    } finally {
      await user.remove();
      await container.remove();
      await docker.getImage(used).remove({ force: true });
      await docker.getImage("acme-kept:1").remove({ force: true });
    }
  });
});
