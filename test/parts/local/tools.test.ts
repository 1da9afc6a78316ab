import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchSandbox, nodeFolder, root, type TestSandbox } from "./local-kit.ts";

const packages = join(root, "node_modules");

// What agents and their tools do, filtered and confined. Programs that the machine itself lacks cannot be shown here.
const works = [
  [
    "node",
    "node -e 'console.log(process.version, os.userInfo().username, os.cpus().length > 0)'",
    /^v\d+.* agent true/,
  ],
  ["node", "node -e 'new worker_threads.Worker(\"console.log(42)\", { eval: true })'", /^42/],
  ["node", "node -e 'fetch(\"http://127.0.0.1:1234\").catch((e) => console.log(e.cause.code))'", /^ECONNREFUSED/],
  ["npm", "cd && npm init -y >/dev/null 2>&1 && npm pkg get version", /"1.0.0"/],
  ["claude", "claude --version", /Claude Code/],
  ["pi", "pi --version", /^\d+\.\d+/],
  [
    "git",
    "cd && git init -q r && cd r && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m m && git log --format=%s",
    /^m$/m,
  ],
  [
    "python3",
    "/usr/bin/python3 -c 'import ssl, multiprocessing as m; print(m.Pool(2).map(abs, [-1, 2]))'",
    /^\[1, 2\]/,
  ],
  ["gcc", "cd && echo 'int main() { return 42; }' >a.c && gcc a.c -o a && ./a; echo $?", /^42/],
  ["perl", "perl -e 'print fork() ? (wait, \"done\") : exit'", /done/],
  ["bash", "bash -c 'cat <(echo substituted)'", /^substituted/],
  ["tar", "cd && mkdir t && echo x >t/f && tar czf t.tgz t && tar tzf t.tgz", /^t\/f$/m],
  ["curl", "curl -s http://127.0.0.1:9 || echo refused", /^refused/],
  ["ps", "ps -A -o comm", /^cat$/m],
  ["ssh-keygen", "ssh-keygen -q -t ed25519 -N '' -f ~/key && head -n 1 ~/key.pub", /^ssh-ed25519/],
] as const;

const folders = [join(packages, ".bin"), join(nodeFolder, "bin"), "/usr/local/bin", "/usr/bin", "/bin"];
const present = works.filter(([program]) => folders.some((folder) => existsSync(join(folder, program))));

describe("tools inside", () => {
  let box: TestSandbox;
  beforeAll(async () => {
    box = await launchSandbox({ plan: { toolDirs: [nodeFolder, packages], path: folders } });
  });
  afterAll(() => box[Symbol.asyncDispose]());

  it.each(present)("%s: %s", async (_, script, expected) => {
    const { stdout, stderr } = await box.run(script);
    expect(stdout + stderr).toMatch(expected);
  });

  it("are there at all", () => {
    expect(new Set(present.map(([program]) => program))).toContain("claude");
    expect(new Set(present.map(([program]) => program))).toContain("pi");
  });
});
