import { openKeptStore } from "../../../src/host/credential/kept/kept-store.ts";
import { valueEntry } from "./kept-kit.ts";

// Keeps a value again and again until it is killed; says when it has done so once.
const [home = "", mark = ""] = process.argv.slice(2);
const store = openKeptStore({ home, environment: {} });
for (let n = 0; ; n += 1) {
  await store.write(valueEntry("a", `value-${mark}${n}`));
  if (n === 0) process.stdout.write("wrote\n");
}
