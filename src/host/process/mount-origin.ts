/** Where a path lies on its file system: the device, and the path from that file system's own root. */
export interface MountOrigin {
  readonly device: string;
  readonly path: string;
}

/** Finds a path's origin in `/proc/self/mountinfo`. Undefined when no mount holds it. Pure. */
export function findMountOrigin(mountInfo: string, path: string): MountOrigin | undefined {
  let found: (MountOrigin & { readonly point: string }) | undefined;
  for (const { device, root, point } of parseLines(mountInfo)) {
    const isBelow = point === "/" || path === point || path.startsWith(`${point}/`);
    // A later mount lies over an earlier one; a deeper one is nearer.
    if (!isBelow || (found !== undefined && point.length < found.point.length)) continue;
    const rest = point === "/" ? path : path.slice(point.length);
    found = { device, point, path: `${root === "/" ? "" : root}${rest}` || "/" };
  }
  return found && { device: found.device, path: found.path };
}

/** Whether a mount namespace, as its `mountinfo` shows it, has exactly this folder mounted somewhere. Pure. */
export function hasMounted(mountInfo: string, origin: MountOrigin): boolean {
  return parseLines(mountInfo).some(({ device, root }) => device === origin.device && root === origin.path);
}

function parseLines(mountInfo: string) {
  return mountInfo.split("\n").flatMap((line) => {
    const [, , device, root, point] = line.split(" ");
    if (device === undefined || root === undefined || point === undefined) return [];
    return [{ device, root: unescapeOctal(root), point: unescapeOctal(point) }];
  });
}

const unescapeOctal = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
