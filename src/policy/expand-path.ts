/** An absolute path of one that a person wrote: `~` is their home, relative ones start from `dir`; `.` and `..` are taken out. */
export function expandPath(path: string, from: { readonly dir: string; readonly home: string }): string {
  const absolute = path === "~" || path.startsWith("~/") ? `${from.home}${path.slice(1)}` : path;
  const parts: string[] = [];
  for (const part of (absolute.startsWith("/") ? absolute : `${from.dir}/${absolute}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
