import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";

/** No user of any machine. */
const uid = 61_235;

const systemd = ["/lib/systemd/systemd", "/usr/lib/systemd/systemd"].find((path) => existsSync(path));
const tree = /^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2 /m.exec(readFileSync("/proc/self/mountinfo", "utf8"))?.[1];

/** Whether this machine has what a person's own systemd can be started with, by us. */
export const hasUserManager =
  process.getuid?.() === 0 &&
  systemd !== undefined &&
  tree !== undefined &&
  ["busctl", "dbus-daemon"].every((name) => existsSync(`/usr/bin/${name}`));

// As a login leaves it: the manager's group is the person's, the session's is not. Moving from one to the other is what the
// machine's own systemd does for a manager; there is none here, so the manager may write to the nearest group above itself.
const script = `
project=$1 shown=$2 home=$3; shift 3
printf systemd >/proc/1/comm
umount -l /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount --bind "$project" "$shown"
{ cat /etc/passwd; echo "person:x:${uid}:${uid}::$home:/bin/sh"; } >"$home/passwd"
mount --bind "$home/passwd" /etc/passwd
mount -t tmpfs run /run
mkdir -p /run/systemd/system /run/user/${uid}
slice=/sys/fs/cgroup/user.slice/user-${uid}.slice manager=user@${uid}.service
mkdir -p "$slice/$manager" "$slice/session-1.scope"
echo 0 >"$slice/session-1.scope/cgroup.procs"
for group in /sys/fs/cgroup /sys/fs/cgroup/user.slice "$slice"; do
  for controller in memory pids cpu; do echo "+$controller" >"$group/cgroup.subtree_control"; done 2>/dev/null
done
# Not below the home: the project is mounted there.
chown ${uid}:${uid} "$home"
chown -R ${uid}:${uid} "$slice/$manager" "$slice/cgroup.procs" /run/user/${uid}
chmod 700 /run/user/${uid}
cat >"$home/as-person" <<'END'
#!/bin/sh
exec env -i PATH=/usr/bin:/bin HOME="$HOME" XDG_RUNTIME_DIR=/run/user/${uid} NO_COLOR=1 setpriv --reuid ${uid} --regid ${uid} --clear-groups "$@"
END
chmod 755 "$home/as-person"
export HOME=$home
sh -c 'echo 0 >"$1/cgroup.procs"; exec "$2" ${systemd} --user' sh "$slice/$manager" "$home/as-person" >/dev/null 2>&1 &
waited=0
until [ -S /run/user/${uid}/bus ] || [ $waited -ge 600 ]; do sleep 0.1; waited=$((waited + 1)); done
cd "$shown"
"$home/as-person" "$@"
`;

/**
 * Runs a command as an ordinary user whose own systemd is there, in namespaces and a cgroup tree of its own; nothing of it is left.
 * `home` is a folder of the caller's; the project is shown below it, for that user cannot get to where it lies.
 */
export function runBesideUserManager(project: string, home: string, command: (shown: string) => readonly string[]) {
  const shown = join(home, "project");
  mkdirSync(shown);
  const group = join(tree ?? "", `caisson-test-${process.pid}`);
  mkdirSync(group);
  try {
    return spawnSync(
      "sh",
      [
        "-c",
        'echo 0 >"$1/cgroup.procs"; shift; exec unshare -m -C -p --fork --mount-proc --kill-child --propagation private "$@"',
        "sh",
        group,
        ...["sh", "-c", script, "sh", project, shown, home, ...command(shown)],
      ],
      { encoding: "utf8", env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" }, timeout: 100_000 },
    );
  } finally {
    removeGroups(group);
  }
}

function removeGroups(dir: string): void {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGroups(join(dir, entry.name));
  }
  rmdirSync(dir);
}
