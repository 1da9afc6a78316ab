import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
} from "node:fs";
import { basename, join } from "node:path";
import { Failure } from "../../base/failure.ts";
import { skillFailure } from "./errors.ts";

const maxFiles = 500;
const maxBytes = 4 * 1024 ** 2;

/** A skill as an agent CLI gets it: a name and text files. */
export interface Skill {
  readonly name: string;
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

/**
 * Reads the folder of a skill, `SKILL.md` and all below it but `.git`. Fails before anything is launched when it is
 * missing, too large, not text, or when a link leads out of `within`: its files end in the agent's hands. Files of `hidden` (real
 * paths) are left out, under whatever name.
 */
export function readSkill(given: {
  readonly dir: string;
  readonly within: string;
  readonly hidden?: ReadonlySet<string>;
}): Skill {
  const { dir, hidden = new Set() } = given;
  try {
    if (!statSync(join(dir, "SKILL.md")).isFile()) throw skillFailure("skill_missing", { dir });
    const within = realpathSync(given.within);
    const files: { path: string; text: string }[] = [];
    let size = 0;
    for (const path of filesBelow(dir, "")) {
      const text = readWithin({ dir, path, within, hidden });
      if (text === undefined) continue;
      size += text.length;
      if (files.push({ path, text }) > maxFiles || size > maxBytes) {
        throw skillFailure("skill_too_large", { dir, limit: `${maxFiles} files or ${maxBytes / 1024 ** 2} MB` });
      }
    }
    return { name: basename(dir), files };
  } catch (cause) {
    throw cause instanceof Failure ? cause : skillFailure("skill_missing", { dir }, { cause });
  }
}

function* filesBelow(dir: string, below: string): Generator<string> {
  for (const entry of readdirSync(join(dir, below), { withFileTypes: true })) {
    const path = join(below, entry.name);
    if (entry.name === ".git") continue;
    // A linked folder is not walked: it could be a loop, or the whole disk.
    if (entry.isDirectory()) yield* filesBelow(dir, path);
    else if (statSync(join(dir, path), { throwIfNoEntry: false })?.isFile()) yield path;
  }
}

/**
 * The text of a file that really lies within a folder: asked of the open file, so that no later swap of a link counts. Undefined
 * for one that is hidden.
 */
function readWithin({
  dir,
  path,
  within,
  hidden,
}: {
  readonly dir: string;
  readonly path: string;
  readonly within: string;
  readonly hidden: ReadonlySet<string>;
}): string | undefined {
  // Not to wait at a pipe that was put where the file was.
  const file = openSync(join(dir, path), constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const real = readlinkSync(`/proc/self/fd/${file}`);
    if (!real.startsWith(within === "/" ? "/" : `${within}/`)) {
      throw skillFailure("skill_leads_out", { dir, path, within });
    }
    if (hidden.has(real)) return undefined;
    const stat = fstatSync(file);
    if (!stat.isFile()) throw skillFailure("skill_unreadable", { dir, path, problem: "is not a file" });
    if (stat.size > maxBytes) throw skillFailure("skill_too_large", { dir, limit: `${maxBytes / 1024 ** 2} MB` });
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw skillFailure("skill_unreadable", { dir, path, problem: "is not text" }, { cause });
  } finally {
    closeSync(file);
  }
}
