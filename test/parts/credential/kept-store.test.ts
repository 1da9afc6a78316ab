import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createKeptWorld, valueEntry } from "./kept-kit.ts";

const secret = "sk-real-51b8a0de9c4f7a6e";

describe("what is kept", () => {
  it("comes back as it was, is nowhere in the clear, and is the person's alone", async () => {
    using world = createKeptWorld();
    await world.open().write(valueEntry("service-key", secret));
    expect(await world.open().read("service-key")).toMatchObject({ secret: { value: secret } });
    expect(world.text()).not.toContain(secret);
    expect(world.text()).not.toContain(Buffer.from(secret).toString("base64").slice(0, 20));
    expect(statSync(world.folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(world.folder).filter((file) => !file.endsWith(".lock")))
      expect([name, statSync(join(world.folder, name)).mode & 0o777]).toEqual([name, 0o600]);
    expect(world.open().list()).toMatchObject([{ name: "service-key", kind: "value" }]);
    expect(world.open().sealedBy()).toBe("file");
  });

  it("takes the place of what was there, and goes with its key when it was the last", async () => {
    using world = createKeptWorld();
    const store = world.open();
    await store.write(valueEntry("a", "first-value"));
    await store.write(valueEntry("a", "second-value"));
    await store.write(valueEntry("b", "other-value"));
    expect(await store.read("a")).toMatchObject({ secret: { value: "second-value" } });
    expect(await store.remove("a")).toBe(true);
    expect(await store.remove("a")).toBe(false);
    await expect(store.read("a")).rejects.toMatchObject({ code: "kept_missing" });
    expect(existsSync(join(world.folder, "key"))).toBe(true);
    expect(await store.remove("b")).toBe(true);
    expect(readdirSync(world.folder).filter((name) => !name.endsWith(".lock"))).toEqual([]);
    await store.write(valueEntry("a", "third-value"));
    expect(await store.read("a")).toMatchObject({ secret: { value: "third-value" } });
  });

  it("refuses names that would be other files", async () => {
    using world = createKeptWorld();
    for (const name of ["../a", "a/b", "", ".a", "A", "a".repeat(65)])
      await expect(world.open().write(valueEntry(name, "v"))).rejects.toMatchObject({ code: "kept_name" });
  });
});

describe("who cannot open it", () => {
  it("somebody without the key file", async () => {
    using world = createKeptWorld();
    await world.open().write(valueEntry("a", secret));
    writeFileSync(join(world.folder, "key"), Buffer.alloc(32).toString("base64"));
    await expect(world.open().read("a")).rejects.toMatchObject({ code: "kept_broken" });
  });

  it("somebody without the passphrase, which is nowhere on disk", async () => {
    using world = createKeptWorld();
    const passphrase = "correct horse battery staple";
    await world.open({ CAISSON_PASSPHRASE: passphrase }).write(valueEntry("a", secret));
    expect(world.open().sealedBy()).toBe("passphrase");
    expect(existsSync(join(world.folder, "key"))).toBe(false);
    expect(world.text()).not.toContain(passphrase);
    await expect(world.open().read("a")).rejects.toMatchObject({ code: "kept_locked" });
    await expect(world.open({ CAISSON_PASSPHRASE: "a guess" }).read("a")).rejects.toMatchObject({
      code: "kept_broken",
    });
    expect(await world.open({ CAISSON_PASSPHRASE: passphrase }).read("a")).toMatchObject({ secret: { value: secret } });
  });

  it("a session whose bus does not answer: the key goes to a file then, and one in a keyring stays closed", async () => {
    const dead = { DBUS_SESSION_BUS_ADDRESS: "unix:path=/nowhere/bus" };
    using world = createKeptWorld(dead);
    await world.open().write(valueEntry("a", secret));
    expect(world.open().sealedBy()).toBe("file");
    writeFileSync(
      join(world.folder, "seal.json"),
      JSON.stringify({ version: 1, id: "x", by: "keyring", account: "x" }),
    );
    await expect(world.open().read("a")).rejects.toMatchObject({ code: "kept_locked" });
  });
});

describe("a file that was tampered with", () => {
  it("is not opened, wherever it was cut or changed", async () => {
    using world = createKeptWorld();
    await world.open().write(valueEntry("a", secret));
    const file = join(world.folder, "a.sealed");
    const whole = readFileSync(file, "utf8");
    for (let length = 0; length < whole.length - 2; length += 7) {
      writeFileSync(file, whole);
      truncateSync(file, length);
      await expect(world.open().read("a"), `cut at ${length}`).rejects.toMatchObject({ code: "kept_broken" });
    }
    for (const changed of [
      whole.replace('"kind": "value"', '"kind": "login"'),
      whole.replace(/"sealed": "(.)/, (_, c) => `"sealed": "${c === "A" ? "B" : "A"}`),
    ]) {
      expect(changed).not.toBe(whole);
      writeFileSync(file, changed);
      await expect(world.open().read("a")).rejects.toMatchObject({ code: "kept_broken" });
    }
    // Another one's file under this name.
    await world.open().write(valueEntry("b", "other"));
    writeFileSync(file, readFileSync(join(world.folder, "b.sealed")));
    await expect(world.open().read("a")).rejects.toMatchObject({ code: "kept_broken" });
  });
});

describe("many at once, killed at any moment", () => {
  it("each read sees a whole old or new value, and the next write goes on", async () => {
    using world = createKeptWorld();
    const store = world.open();
    await store.write(valueEntry("a", "value-0"));
    const program = join(import.meta.dirname, "endless-keeper.ts");
    for (let round = 0; round < 6; round += 1) {
      const writers = [1, 2].map((n) => {
        const child = spawn(process.execPath, [program, world.home, `${round}${n}`], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        const wrote = new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
        return { child, wrote };
      });
      await Promise.all(writers.map(({ wrote }) => wrote));
      for (let n = 0; n < 5; n += 1)
        expect(await store.read("a")).toMatchObject({ secret: { value: expect.stringMatching(/^value-\d+/) } });
      for (const { child } of writers) {
        const gone = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGKILL");
        await gone;
      }
      await store.write(valueEntry("a", `value-${round}`));
      expect(await store.read("a")).toMatchObject({ secret: { value: `value-${round}` } });
    }
  });
});
