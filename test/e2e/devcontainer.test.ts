import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createTestCli, type TestCli } from "../kit/cli.ts";

function writeDevcontainer(cli: TestCli, text: string): void {
  mkdirSync(join(cli.workspace, ".devcontainer"), { recursive: true });
  writeFileSync(join(cli.workspace, ".devcontainer/devcontainer.json"), text);
}

const written = `{
  // with a comment, and a comma too many
  "containerEnv": { "STAGE": "dev", "STOLEN": "\${localEnv:A_SECRET}" },
  "forwardPorts": [3000],
  "initializeCommand": "touch initialized",
  "postCreateCommand": "touch created",
  "customizations": { "caisson": { "limits": { "processes": 100 } } },
}
`;

describe("a repository's devcontainer.json", () => {
  it("is a request: named in a note, counted when a person trusted it, and no command of it is ever run", async () => {
    await using cli = createTestCli();
    writeDevcontainer(cli, written);
    const env = { A_SECRET: "not-for-anybody-1234" };
    const show = ["run", "--dry-run", "--json", "--", "true"];
    const before = (await cli.run(show, { env })).json<{ policy: object; notes: { text: string }[] }>();
    expect(before.policy).toMatchObject({ environment: {}, ports: [] });
    expect(before.notes.map(({ text }) => text).join("\n")).toMatch(
      /devcontainer\.json would bring containerEnv, forwardPorts, caisson; .*caisson policy trust/,
    );

    const asked = await cli.run(["policy", "trust", "--json"], { env });
    const digest = asked.jsonLines<{ digest: string }>()[0]?.digest ?? "";
    expect(asked.stdout).toContain("STAGE");
    expect(`${asked.stdout}${asked.stderr}`).not.toContain(env.A_SECRET);
    expect(await cli.run(["policy", "trust", "--yes", "--digest", digest], { env })).toMatchObject({ exitCode: 0 });
    const after = (await cli.run(show, { env })).json<{ policy: object; notes: { text: string }[] }>();
    expect(after.policy).toMatchObject({
      environment: { STAGE: "dev" },
      ports: [{ port: 3000, hostPort: 0 }],
      limits: { processes: 100 },
    });
    expect(JSON.stringify(after)).not.toContain(env.A_SECRET);
    const notes = after.notes.map(({ text }) => text).join("\n");
    for (const key of ["initializeCommand", "postCreateCommand", "containerEnv.STOLEN"]) expect(notes).toContain(key);
    for (const made of ["initialized", "created"]) expect(existsSync(join(cli.workspace, made))).toBe(false);

    // Another content asks again.
    writeDevcontainer(cli, written.replace('"dev"', '"prod"'));
    const changed = (await cli.run(show, { env })).json<{ policy: object }>();
    expect(changed.policy).toMatchObject({ environment: {}, ports: [] });
  });

  it("is as if it were not there when it is a link that leads out of the workspace", async () => {
    await using cli = createTestCli();
    writeFileSync(join(cli.home, "other.json"), written);
    symlinkSync(join(cli.home, "other.json"), join(cli.workspace, ".devcontainer.json"));
    const { stdout } = await cli.run(["run", "--dry-run", "--json", "--", "true"]);
    expect(stdout).not.toContain("would bring");
  });
});
