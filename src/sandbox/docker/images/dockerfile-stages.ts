/** One stage of a Dockerfile: its name, what it is made from, its text. */
interface Stage {
  readonly name: string;
  readonly from: string;
  readonly lines: readonly string[];
}

/**
 * A Dockerfile with those stages alone that a target needs: the classic builder would build all that stand before it. What
 * stands before the first stage stays; undefined when there is no such target.
 */
export function onlyStagesFor(dockerfile: string, target: string): string | undefined {
  const { head, stages } = readStages(dockerfile);
  const needed = new Set<string>();
  const visit = (name: string): void => {
    const stage = stages.find((one) => one.name === name);
    // Not a stage: another image.
    if (stage === undefined || needed.has(name)) return;
    needed.add(name);
    for (const other of [stage.from, ...copiedFrom(stage)]) visit(other);
  };
  visit(target);
  if (needed.size === 0) return undefined;
  const kept = stages.filter(({ name }) => needed.has(name));
  return [...head, ...kept.flatMap(({ lines }) => lines)].join("\n");
}

/** Names of the stages that a person may ask for: all but those that only fetch or prepare. */
export function targetsOf(dockerfile: string): readonly string[] {
  const { stages } = readStages(dockerfile);
  return stages.map(({ name }) => name).filter((name) => name !== "system" && !/^fetch(-|$)/.test(name));
}

/** The arguments that a Dockerfile declares, with their defaults. */
export function argumentsOf(dockerfile: string): ReadonlyMap<string, string | undefined> {
  return new Map([...dockerfile.matchAll(/^ARG (\w+)(?:=(.*))?$/gm)].map(([, name = "", value]) => [name, value]));
}

/** The images that any Dockerfile builds on, as far as its own defaults name them; its own stages are none. */
export function imagesBuiltOn(dockerfile: string): readonly string[] {
  const values = argumentsOf(dockerfile);
  const stages = new Set(["scratch"]);
  const images = new Set<string>();
  for (const line of dockerfile.split("\n")) {
    const [, written, name] = /^\s*FROM\s+(?:--platform=\S+\s+)?(\S+)(?:\s+AS\s+(\S+))?/i.exec(line) ?? [];
    const image = written?.replace(
      /\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))/g,
      (_, braced?: string, otherwise?: string, bare?: string) => values.get(braced ?? bare ?? "") ?? otherwise ?? "",
    );
    if (image !== undefined && image !== "" && !stages.has(image.toLowerCase())) images.add(image);
    if (name !== undefined) stages.add(name.toLowerCase());
  }
  return [...images];
}

function readStages(dockerfile: string): { readonly head: readonly string[]; readonly stages: readonly Stage[] } {
  const lines = withoutComments(dockerfile);
  const starts = lines.flatMap((line, index) => (/^FROM\s/.test(line) ? [index] : []));
  const stages = starts.map((start, index): Stage => {
    const own = lines.slice(start, starts[index + 1]);
    const [, from = "", name = ""] = /^FROM\s+(\S+)\s+AS\s+(\S+)/.exec(own[0] ?? "") ?? [];
    return { name, from, lines: own };
  });
  return { head: lines.slice(0, starts[0]), stages };
}

const withoutComments = (text: string) => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

const copiedFrom = ({ lines }: Stage) =>
  lines.flatMap((line) => {
    const from = /^COPY\s+--from=(\S+)/.exec(line)?.[1];
    return from === undefined ? [] : [from];
  });
