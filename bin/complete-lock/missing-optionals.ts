/** An entry of a lockfile's `packages`, as far as it matters here. */
export interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

type Packages = Readonly<Record<string, LockedPackage>>;

/** Optional dependencies that a locked package names and the lock does not hold. */
export function missingOptionals(
  packages: Packages,
): readonly { readonly name: string; readonly version: string; readonly parent: string }[] {
  return Object.entries(packages).flatMap(([parent, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !isHeld(packages, parent, name))
      .map(([name, version]) => ({ name, version, parent })),
  );
}

/** The platform that a package is for, from its name: `@scope/cli-linux-x64-musl`. */
export function platformOf(name: string): Pick<LockedPackage, "os" | "cpu" | "libc"> {
  const [, os, cpu] =
    /(android|darwin|freebsd|linux|openharmony|win32|windows)-(arm64|arm|x64|ia32|ppc64|riscv64|s390x)/.exec(name) ??
    [];
  if (os === undefined || cpu === undefined) throw new Error(`cannot tell the platform of ${name}`);
  const libc = /musl/.test(name) ? "musl" : /gnu/.test(name) ? "glibc" : undefined;
  return { cpu: [cpu], ...(libc !== undefined && { libc: [libc] }), os: [os === "windows" ? "win32" : os] };
}

/** Whether Node's way of looking, from a package's folder upwards, would come upon it. */
function isHeld(packages: Packages, parent: string, name: string): boolean {
  for (let at = parent; ; at = at.slice(0, Math.max(at.lastIndexOf("/node_modules/"), 0))) {
    if (packages[`${at === "" ? "" : `${at}/`}node_modules/${name}`] !== undefined) return true;
    if (at === "") return false;
  }
}
