import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Exchange } from "../spec/gate-protocol.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import { openRecording } from "./recording.ts";

const exchange: Exchange = {
  route: "model",
  model: "m",
  digest: "d",
  request: { method: "POST", path: "/v1/messages", body: { messages: [{ role: "user", content: "hello" }] } },
  response: { status: 200, headers: {}, body: "$(evil)" },
};

/** A workspace that an agent writes to, beside a file and a folder of the person's. */
function makePlaces() {
  const root = mkdtempSync(join(tmpdir(), "caisson-recording-"));
  for (const dir of ["work/logs", "home"]) mkdirSync(join(root, dir), { recursive: true });
  writeFileSync(join(root, "home/.bashrc"), "# mine\n");
  const request = {
    workdir: join(root, "work"),
    home: "/home/agent",
    provider: "p",
    metadata: { slug: "s" },
    policy: { credentials: [] },
  } as unknown as LaunchRequest;
  const open = (file: string) => openRecording(join(root, file), request, () => new Date(0));
  return { root, open, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

it("goes on in its own file when the agent puts a link in its place", async () => {
  using places = makePlaces();
  const record = await places.open("work/run.jsonl");
  record(exchange);
  renameSync(join(places.root, "work/run.jsonl"), join(places.root, "work/moved.jsonl"));
  symlinkSync("../home/.bashrc", join(places.root, "work/run.jsonl"));
  record(exchange);
  expect(readFileSync(join(places.root, "home/.bashrc"), "utf8")).toBe("# mine\n");
  expect(readFileSync(join(places.root, "work/moved.jsonl"), "utf8").trimEnd().split("\n")).toHaveLength(3);
});

it("goes to its own folder when the agent puts a link in that one's place", async () => {
  using places = makePlaces();
  const record = await places.open("work/logs/run.jsonl");
  renameSync(join(places.root, "work/logs"), join(places.root, "work/old"));
  symlinkSync("../home", join(places.root, "work/logs"));
  record(exchange);
  expect(lstatSync(join(places.root, "home/run.jsonl"), { throwIfNoEntry: false })).toBeUndefined();
  expect(lstatSync(join(places.root, "work/old/run.jsonl")).mode & 0o777).toBe(0o600);
});

it("says before anything starts that the file or its folder will not do", async () => {
  using places = makePlaces();
  symlinkSync("nowhere", join(places.root, "work/dangling"));
  await expect(places.open("work/dangling")).rejects.toMatchObject({ code: "recording_exists" });
  await expect(places.open("work/none/run.jsonl")).rejects.toMatchObject({ code: "recording_folder" });
});
