import type { ChildProcess } from "node:child_process";
import type { Server } from "node:net";
import { isSameProcess, type ProcessIdentity } from "../../host/process-identity.ts";
import { localFailure } from "./errors.ts";
import type { Holder } from "./holder.ts";
import type { LocalHost } from "./local-host.ts";
import { openListener, receiveListener } from "./open-listener.ts";
import { notSealed, renderNamespaceHelper } from "./render-namespace-helper.ts";
import { deviceNodes, sealMounts, sealSeconds } from "./seal-mounts.ts";
import type { MountCopy } from "./split-copies.ts";

/**
 * What is done in a sandbox's namespaces before anything runs there. One helper does it all, and begins while the mounts are
 * still being made; where it cannot (there is no Perl, or the kernel refuses), each part has a slower way of its own.
 */
export interface NamespaceHelper {
  /** Starts it: there are namespaces now. */
  open(init: ProcessIdentity): void;
  /** The gate's listener, once: whoever gets it hands it to the gate and closes its own copy before anything runs inside. */
  takeListener(holder: Pick<Holder, "init">, port: number): Promise<Server>;
  /**
   * Makes the mounts that are left, and the machine's device nodes read-only, where we are its root. Resolves when all of that is
   * so. To be done before the first command.
   */
  seal(holder: Pick<Holder, "init">): Promise<void>;
  /** Closes a listener that nobody took: an open one of ours would accept what the agent connects. */
  discard(): void;
}

/** Makes the helper of a sandbox whose gate listens on `port`, and in which `copies` of mounts are to be made. */
export function createNamespaceHelper(
  host: LocalHost,
  { port, copies }: { readonly port: number; readonly copies: readonly MountCopy[] },
): NamespaceHelper {
  const nodes = host.isRoot ? deviceNodes : [];
  let child: ChildProcess | undefined;
  let ended: Promise<number | null> | undefined;
  let opening: Promise<Server> | undefined;
  const start = async (init: ProcessIdentity): Promise<Server> => {
    const { perl } = host.programs;
    if (perl === undefined) return openListener(host, { init }, port);
    if (!isSameProcess(init)) throw localFailure("local_exec_failed", { detail: "it has ended" });
    const task = { pid: init.pid, port, copies, paths: nodes };
    const helper = host.spawn(perl, renderNamespaceHelper(host.arch, task), {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { PATH: "/usr/bin:/bin" },
      cwd: "/",
    });
    child = helper;
    ended = new Promise((resolve) => helper.once("exit", resolve));
    return receiveListener(helper).catch(() => openListener(host, { init }, port));
  };
  return {
    open: (init) => {
      opening = start(init);
      opening.catch(() => {}); // Told to whoever takes it.
    },
    takeListener: async (holder, wanted) => {
      const taken = wanted === port ? opening : undefined;
      if (taken !== undefined) opening = undefined;
      return await (taken ?? openListener(host, holder, wanted));
    },
    seal: async (holder) => {
      if (nodes.length + copies.length === 0) return;
      if (child?.connected) child.send("seal", () => {}); // One that could not hear it ends without having done it.
      const timer = setTimeout(() => child?.kill("SIGKILL"), sealSeconds * 1000);
      const code = await ended;
      clearTimeout(timer);
      // A kernel that wants more of the mount's own flags kept is told them by `mount`, which reads them.
      if (code !== 0) await sealMounts(host, holder, { copies: code === notSealed ? [] : copies, nodes });
    },
    discard: () => {
      opening?.then((server) => server.close()).catch(() => {});
      opening = undefined;
    },
  };
}
