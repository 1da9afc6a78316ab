/** Controllers that limits need. */
export type Controller = "memory" | "pids" | "cpu";

/** Where one controller's groups lie: `dir` is the group that a new one can be made in. */
export interface ControllerPlace {
  readonly version: "v1" | "v2";
  readonly controller: Controller;
  /** Folders to try, best first. */
  readonly parents: readonly string[];
}

/** In the order of their weight: without the first a group is not worth having. */
export const controllers: readonly Controller[] = ["memory", "pids", "cpu"];

/**
 * Where groups of our own could be made, from `/proc/self/mountinfo` and `/proc/self/cgroup`. Version 1 has a tree per
 * controller: below our own group. Version 2 has one tree, and no group that holds processes may have children with
 * limits: at its root, then next to our own group, upwards. Pure.
 */
export function findControllerPlaces(mountInfo: string, ownGroups: string): readonly ControllerPlace[] {
  const mounts = parseMounts(mountInfo);
  const own = parseOwnGroups(ownGroups);
  return controllers.flatMap((controller): ControllerPlace[] => {
    const v1 = mounts.find((mount) => mount.type === "cgroup" && mount.options.includes(controller));
    if (v1) {
      const group = below(v1.root, own.get(controller) ?? "/");
      return group === undefined ? [] : [{ version: "v1", controller, parents: [join(v1.point, group)] }];
    }
    const v2 = mounts.find((mount) => mount.type === "cgroup2");
    const group = v2 && below(v2.root, own.get("") ?? "/");
    if (!v2 || group === undefined) return [];
    const ancestors = group.split("/").filter(Boolean).slice(0, -1);
    const parents = [v2.point, ...ancestors.map((_, index) => join(v2.point, ancestors.slice(0, index + 1).join("/")))];
    return [{ version: "v2", controller, parents }];
  });
}

/** Where the groups of a process lie that has this `/proc/PID/cgroup`, by controller. Pure. */
export function findGroups(
  mountInfo: string,
  groups: string,
): ReadonlyMap<Controller, { readonly version: "v1" | "v2"; readonly dir: string }> {
  const mounts = parseMounts(mountInfo);
  const own = parseOwnGroups(groups);
  return new Map(
    controllers.flatMap((controller) => {
      const v1 = mounts.find((mount) => mount.type === "cgroup" && mount.options.includes(controller));
      const mount = v1 ?? mounts.find(({ type }) => type === "cgroup2");
      const group = mount && below(mount.root, own.get(v1 ? controller : "") ?? "/");
      if (!mount || group === undefined) return [];
      return [[controller, { version: v1 ? "v1" : "v2", dir: join(mount.point, group) }] as const];
    }),
  );
}

interface Mount {
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

function parseMounts(text: string): readonly Mount[] {
  return text.split("\n").flatMap((line) => {
    const [fields, source] = line.split(" - ");
    const [, , , root, point] = fields?.split(" ") ?? [];
    const [type, , options] = source?.split(" ") ?? [];
    if (root === undefined || point === undefined || type === undefined) return [];
    return [{ root, point: unescapeOctal(point), type, options: options?.split(",") ?? [] }];
  });
}

/** Controller to our own group; the empty name is version 2's. */
function parseOwnGroups(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split("\n").flatMap((line) => {
      const [, names, ...path] = line.split(":");
      return names === undefined ? [] : names.split(",").map((name) => [name, path.join(":")] as const);
    }),
  );
}

/** A group's path below a mount that shows the tree from `root` on; undefined when it lies outside of it. */
function below(root: string, group: string): string | undefined {
  if (root === "/") return group;
  return `${group}/`.startsWith(`${root}/`) ? group.slice(root.length) || "/" : undefined;
}

const join = (dir: string, path: string) => `${dir}/${path}`.replace(/\/+/g, "/").replace(/(.)\/$/, "$1");
const unescapeOctal = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
