import { readCredential } from "../../../src/host/credential/read-credential.ts";

// Reads a kept login once, as a keeper does, and prints its value.
const [home = ""] = process.argv.slice(2);
const { value } = await readCredential({ home, environment: {} }, { kept: "a-login" });
process.stdout.write(value);
