import dockerignore from "@balena/dockerignore";

/**
 * Whether a path of the workspace matches one of the person's patterns: without a slash it is a name, in any folder; with one
 * it starts at the workspace. `*` is anything within a name, `**` any folders; a folder's name stands for all that is in it.
 */
export function matchGlobs(globs: readonly string[]): (path: string) => boolean {
  if (globs.length === 0) return () => false;
  const lines = globs.map((glob) => {
    const plain = glob.replace(/^\.?\//, "");
    return plain.replace(/\/$/, "").includes("/") || glob.startsWith("./") || glob.startsWith("/")
      ? plain
      : `**/${plain}`;
  });
  const matcher = dockerignore.default().add(lines.filter((line) => !/^[!#]/.test(line)));
  return (path) => matcher.ignores(path);
}
