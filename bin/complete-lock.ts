// Adds to package-lock.json the optional packages of other platforms that the registry in use did not have when the lock was
// written: npm leaves those out, and `npm ci` then refuses the lock everywhere. Run after each change of dependencies.
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { type LockedPackage, missingOptionals, platformOf } from "./complete-lock/missing-optionals.ts";

const file = resolve(import.meta.dirname, "../package-lock.json");
const lock = JSON.parse(readFileSync(file, "utf8")) as { packages: Record<string, LockedPackage> };

for (const { name, version, parent } of missingOptionals(lock.packages)) {
  const isDev = lock.packages[parent]?.dev === true;
  lock.packages[`node_modules/${name}`] = { version, ...platformOf(name), ...(isDev && { dev: true }), optional: true };
  console.log(`added ${name} ${version}`);
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en"));
writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
