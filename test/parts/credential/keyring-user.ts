import { openKeptStore } from "../../../src/host/credential/kept/kept-store.ts";
import { valueEntry } from "./kept-kit.ts";

// Runs within a session that has a keyring: keeps a value and reads it with another store.
const [home = ""] = process.argv.slice(2);
const open = () => openKeptStore({ home, environment: process.env });
await open().write(valueEntry("a", "kept-in-a-session"));
const read = async () => {
  const { secret } = await open().read("a");
  return secret.kind === "value" ? secret.value : "";
};
process.stdout.write(JSON.stringify({ sealedBy: open().sealedBy(), value: await read(), again: await read() }));
process.exit();
