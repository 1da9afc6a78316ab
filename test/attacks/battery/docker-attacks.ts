import type { Attack, Patch } from "../attack.ts";
import { keyHead, openPort } from "../victim.ts";
import {
  addressedBridge,
  alsoShow,
  asRoot,
  dockerDefences,
  hostConfig,
  hostNetwork,
  hostVariableInContainer,
  openSystemPaths,
  usualCapabilities,
} from "./docker-words.ts";

const container = { notOn: { local: "no container" } } as const;
const noWayOut = { ...container, breaks: "2 no way out but the gate" } as const;
const sealed = { ...container, breaks: "2 sealed by the kernel" } as const;
const secretInside = { ...container, breaks: "1 no secret inside" } as const;
const shell = (script: string) => ({
  program: "run-shell.sh",
  setting: { variables: { SCRIPT: script } },
});
const asked = { kind: "sighting", pattern: "^dns {marker}\\.exfil\\.test$" } as const;
const alsoAllow = (calls: string): Patch => ({
  file: "src/sandbox/seccomp/allowed-syscalls.ts",
  find: "  accept accept4 ",
  replace: `  ${calls} accept accept4 `,
});

/** A container of somebody else, in a network of their own. It tells the secret; where it is lies in `neighbour`. */
const neighbour = `docker network create --label attack=$MARKER net-$MARKER >/dev/null
  docker run -d --label attack=$MARKER --network net-$MARKER --name box-$MARKER --entrypoint python3 -e SECRET caisson-base -c '
import os, socket
server = socket.create_server(("", ${openPort}))
while True:
    one, _ = server.accept()
    one.sendall(os.environ["SECRET"].encode())
    one.close()' >/dev/null
  docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' box-$MARKER > neighbour
  until bash -c "exec 3<>/dev/tcp/$(cat neighbour)/${openPort}" 2>/dev/null; do sleep 0.1; done`;

/** The host finds the sandbox that works in this folder. */
const slug = `slug=$(basename $(dirname "$(grep -l "$PWD" ~/.local/state/caisson/sandboxes/*/metadata.json)"))`;
const waitForReady = "while ! [ -e ready ]; do sleep 0.02; done";
const waitForDone = "touch ready; while ! [ -e done ]; do sleep 0.02; done";

/** Reaching anybody but the gate from the agent's network. */
const networks: readonly Attack[] = [
  {
    ...noWayOut,
    name: "bridge-host-service",
    program: `TARGET=$(bridge-address.sh) PORT=${openPort} tcp-direct`,
    defence: "no address of the host on the agent's network",
    off: { patches: [addressedBridge] },
    evidence: { kind: "secret" },
  },
  {
    ...noWayOut,
    name: "bridge-resolver",
    program: "TARGET=$(bridge-address.sh) dns-lookup",
    defence: "no address of the host on the agent's network",
    off: { patches: [addressedBridge] },
    evidence: asked,
  },
  {
    ...noWayOut,
    name: "engines-resolver",
    program: "TARGET=127.0.0.11 dns-lookup",
    defence: "the engine's resolver has nobody to ask",
    off: {
      patches: [
        {
          file: "src/sandbox/docker/render-compose.ts",
          find: `    dns: defences.resolvers,\n    dns_search: ["."],\n    dns_opt: ["timeout:1", "attempts:1"],\n`,
          replace: "",
        },
      ],
    },
    evidence: asked,
  },
  {
    ...noWayOut,
    name: "bridge-link-local",
    program: `touch ready; while ! [ -s address ]; do sleep 0.02; done; while grep -q '[4-7c-f][0-9a-f] *eth0$' /proc/net/if_inet6; do sleep 0.1; done; TARGET=$(cat address)%eth0 PORT=${openPort} tcp-direct`,
    setting: {
      meanwhile: `${waitForReady}; ${slug}
        bridge=br-$(docker network inspect -f '{{slice .Id 0 12}}' caisson-\${slug}_internal)
        until ip -6 -o addr show dev $bridge scope link -tentative | grep -o 'fe80[^/]*' > found; do sleep 0.1; done
        mv found address`,
    },
    defence: "no IPv6 on the agent's network",
    off: { patches: [hostConfig('Sysctls: { "net.ipv6.conf.all.disable_ipv6": "0" }')] },
    evidence: { kind: "secret" },
  },
  {
    ...noWayOut,
    name: "neighbours-container",
    program: `TARGET=$(cat neighbour) PORT=${openPort} tcp-direct`,
    setting: { prepare: neighbour },
    defence: "a network namespace of its own",
    off: { patches: hostNetwork },
    evidence: { kind: "secret" },
  },
  {
    ...noWayOut,
    name: "host-uses-the-gate",
    ...shell(`grep gate /etc/hosts; ${waitForDone}; false`),
    setting: {
      variables: { SCRIPT: `awk '$2 == "gate" { print $1 }' /etc/hosts > gate; ${waitForDone}; false` },
      meanwhile: `${waitForReady}
        curl -sS --max-time 10 -x http://$(cat gate):3128 http://good.test/public/$MARKER; touch done`,
    },
    defence: "no address of the host there, the gate serves the agent alone",
    off: {
      patches: [
        addressedBridge,
        { file: "src/run/docker-keeper-host.ts", find: ", port, peers: [place.agentAddress] }", replace: ", port }" },
      ],
    },
    evidence: { kind: "proof" },
  },
  {
    ...noWayOut,
    name: "raw-socket",
    ...shell("python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)'"),
    defence: "no capabilities, not root",
    off: { patches: [usualCapabilities(), asRoot] },
    evidence: { kind: "word" },
  },
  {
    ...noWayOut,
    name: "packet-socket",
    ...shell("python3 -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)'"),
    defence: "no capabilities, not root, filter: no packet sockets",
    off: {
      patches: [
        usualCapabilities(),
        asRoot,
        {
          file: "src/sandbox/seccomp/seccomp-rules.ts",
          find: "const families = [AF_INET, ",
          replace: "const families = [17, AF_INET, ",
        },
      ],
    },
    evidence: { kind: "word" },
  },
  {
    ...noWayOut,
    name: "own-network-settings",
    ...shell(
      'python3 -c \'import socket,fcntl,struct; s=socket.socket(); fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0))\'',
    ),
    defence: "no capabilities, not root",
    off: { patches: [usualCapabilities(["NET_ADMIN"]), asRoot] },
    evidence: { kind: "word" },
  },
];

const key = `grep -o '${keyHead}[0-9a-f]*'`;
/** All that the engine tells of the sandbox, its images and networks. */
const dump = `own="--filter label=caisson.slug=$slug"
  docker inspect $(docker ps -aq $own) $(docker network ls -q $own) $(docker image ls -aq) $(docker volume ls -q)
  for id in $(docker image ls -aq); do docker history --no-trunc $id; done
  for id in $(docker ps -aq $own); do docker logs $id; docker top $id -eo args; done`;

/** Credentials where the engine keeps its own notes. */
const secrets: readonly Attack[] = [
  {
    ...secretInside,
    name: "key-in-first-process",
    ...shell(`cat /proc/[0-9]*/environ | tr '\\0' '\\n' | ${key}`),
    defence: "no variable of the agent's is in its container",
    off: { patches: [hostVariableInContainer("SITE_KEY")] },
    evidence: { kind: "secret" },
  },
  {
    ...secretInside,
    name: "key-in-engine",
    ...shell(`${waitForDone}; false`),
    setting: {
      variables: { SCRIPT: `${waitForDone}; false` },
      meanwhile: `${waitForReady}; ${slug}
        (${dump}) 2>&1 | ${key} > seen
        cat ~/.local/state/caisson/sandboxes/$slug/* 2>/dev/null | ${key} >> seen; touch done`,
    },
    defence: "no variable of the agent's is in its container",
    off: { patches: [hostVariableInContainer("SITE_KEY")] },
    evidence: { kind: "host", check: '[ -s seen ] && echo "the engine shows a credential"' },
  },
];

/** Becoming more than the agent is. */
const powers: readonly Attack[] = [
  {
    ...sealed,
    name: "setuid-program-of-the-image",
    ...shell(
      // It waits for a password; looked at as soon as it is what it is.
      `sleep 100 2>/dev/null | su root -c true >/dev/null 2>&1 &
       until [ "$(cat /proc/$!/comm || echo su)" = su ]; do sleep 0.1; done
       awk '$1 == "Uid:" && $3 == 0 { found = 1 } END { exit !found }' /proc/$!/status; echo root`,
    ),
    defence: "no new privileges",
    off: {
      patches: [{ file: dockerDefences, find: `privileges: ["no-new-privileges:true"]`, replace: "privileges: []" }],
    },
    evidence: { kind: "word" },
  },
  {
    ...sealed,
    name: "release-agent",
    ...shell(
      `mkdir /tmp/group; mount -t cgroup -o none,name=$MARKER cgroup /tmp/group; echo /bin/true > /tmp/group/release_agent
       umount /tmp/group; echo set`,
    ),
    defence: "no capabilities, not root, filter: no mount",
    off: { patches: [usualCapabilities(["SYS_ADMIN"]), asRoot, alsoAllow("mount umount2")] },
    evidence: { kind: "word" },
    unless: "! grep -q 'cgroup rw' /proc/mounts",
  },
  {
    ...sealed,
    name: "device-node-made",
    ...shell("mknod /tmp/disk b 254 0; ls -l /tmp/disk"),
    defence: "no capabilities, not root",
    off: { patches: [usualCapabilities(), asRoot] },
    evidence: { kind: "word" },
  },
  {
    ...sealed,
    name: "image-overwritten",
    ...shell("echo x >> /usr/bin/env; echo changed"),
    defence: "the root file system is read-only, not root",
    off: { patches: [{ file: dockerDefences, find: "readOnlyRoot: true", replace: "readOnlyRoot: false" }, asRoot] },
    evidence: { kind: "word" },
  },
  {
    ...sealed,
    name: "sysrq",
    program: "write-back",
    setting: { variables: { TARGET: "/proc/sysrq-trigger", BLIND: "1" } },
    defence: "/proc/sysrq-trigger is read-only, the agent is not root",
    off: { patches: [openSystemPaths, asRoot] },
    evidence: { kind: "word" },
    unless: "[ ! -e /proc/sysrq-trigger ]",
  },
  {
    ...sealed,
    name: "host-root",
    ...shell("cat /proc/1/root/srv/home/victim/.ssh/id_ed25519"),
    defence: "process namespace, no capabilities, not root",
    off: { patches: [hostConfig('PidMode: "host"'), usualCapabilities(["SYS_PTRACE", "SYS_ADMIN"]), asRoot] },
    evidence: { kind: "secret" },
  },
  {
    ...sealed,
    name: "engines-socket",
    ...shell("curl -sS --noproxy '*' --max-time 3 --unix-socket /run/caisson-engine/docker.sock http://docker/info"),
    setting: {
      manifest: { unixSockets: "allow" },
      variables: {
        SCRIPT:
          "curl -sSf --noproxy '*' --max-time 3 --unix-socket /run/caisson-engine/docker.sock http://docker/version",
      },
    },
    defence: "the engine's socket is not mounted, the agent is not root",
    off: { patches: [alsoShow("/run/caisson-engine", "write"), asRoot] },
    evidence: { kind: "word" },
  },
];

/** What only a container can be tried with. */
export const dockerAttacks: readonly Attack[] = [...networks, ...secrets, ...powers];
