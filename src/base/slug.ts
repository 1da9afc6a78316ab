const adjectives =
  "amber brisk calm clear deep eager early faint fleet frank glad gold grand keen kind lively lucid mild neat noble plain proud quick quiet rapid sharp solid still stout sunny swift terse tidy vivid warm wise".split(
    " ",
  );
const animals =
  "auk bass bream cod coot crab crane dace eel egret eider gull heron ibis koi krill lark ling loon mink moray newt otter perch pike prawn rail ray seal shad smelt squid swan tern teal tuna whale wrasse".split(
    " ",
  );

/** A new slug such as `brisk-otter-4f2c1`; `random(n)` returns an integer in [0, n). About 1.6 billion values. */
export function newSlug(random: (below: number) => number): string {
  const tail = random(0x100000).toString(16).padStart(5, "0");
  return `${adjectives[random(adjectives.length)]}-${animals[random(animals.length)]}-${tail}`;
}
