const units = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
] as const;

/** A duration as a person says it, nothing lost: `4 h`, `1 h 30 min`, `90 s` is `1 min 30 s`. */
export function durationText(seconds: number): string {
  let left = seconds;
  const parts = units.flatMap(([size, unit]) => {
    const count = size === 1 ? left : Math.floor(left / size);
    left -= count * size;
    return count > 0 ? [`${count} ${unit}`] : [];
  });
  return parts.join(" ") || "0 s";
}
