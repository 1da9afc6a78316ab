import { failures } from "../base/failure.ts";

export const runErrors = {
  keeper_died: {
    message: (d: { detail: string }) =>
      `Cannot run: the keeper ended before it was ready${d.detail === "" ? "" : `: ${d.detail}`}`,
    hint: () => "caisson doctor",
    status: 500,
    exit: 6,
  },
  state_unusable: {
    message: (d: { dir: string; reason: string }) => `Cannot write to Caisson's state folder ${d.dir}: ${d.reason}`,
    hint: () => "set XDG_STATE_HOME to a folder of yours that has room",
    status: 507,
    exit: 4,
  },
  spare_failed: {
    message: (d: { detail: string }) => `Cannot keep a spare: ${d.detail}`,
    hint: () => "caisson doctor   (runs work without one)",
    status: 500,
    exit: 6,
  },
  slug_taken: {
    message: (d: { slug: string }) => `Cannot start sandbox: "${d.slug}" is there already`,
    hint: () => "caisson ls --all",
    status: 409,
    exit: 7,
  },
  engine_missing: {
    message: (d: { engine: string }) => `Cannot use the ${d.engine} engine: this version does not have it`,
    hint: () => "caisson run --engine local",
    status: 501,
    exit: 4,
  },
  sandbox_not_found: {
    message: (d: { slug: string }) => `Cannot find sandbox "${d.slug}"`,
    hint: () => "caisson ls --all",
    status: 404,
    exit: 3,
  },
  sandbox_ambiguous: {
    message: (d: { slug: string; matches: readonly string[] }) =>
      `Cannot choose sandbox: "${d.slug}" fits ${d.matches.join(", ")}`,
    hint: () => "caisson ls --all",
    status: 409,
    exit: 2,
  },
  sandbox_not_running: {
    message: (d: { slug: string; state: string; resumable: boolean }) =>
      `Cannot reach sandbox "${d.slug}": it ${d.state === "ended" ? "has ended" : `is ${d.state}`}`,
    hint: (d: { slug: string; resumable: boolean }) => `caisson ${d.resumable ? "resume" : "logs"} ${d.slug}`,
    status: 409,
    exit: 7,
  },
  sandbox_ended: {
    message: (d: { slug: string }) => `Cannot go on: sandbox "${d.slug}" ended meanwhile`,
    hint: (d: { slug: string }) => `caisson logs ${d.slug}`,
    status: 409,
    exit: 6,
  },
  sandbox_running: {
    message: (d: { slug: string }) => `Cannot remove sandbox "${d.slug}": it is running`,
    hint: (d: { slug: string }) => `caisson stop ${d.slug}`,
    status: 409,
    exit: 7,
  },
  session_none: {
    message: (d: { slug: string }) => `${d.slug} is a run with one prompt: nothing can be said to it`,
    hint: (d: { slug: string }) => `caisson attach ${d.slug}`,
    status: 409,
    exit: 2,
  },
  resume_none: {
    message: (d: { slug: string; why: string }) => `Cannot resume ${d.slug}: ${d.why}`,
    hint: (d: { slug: string }) => `caisson logs ${d.slug}`,
    status: 409,
    exit: 2,
  },
  resume_busy: {
    message: (d: { slug: string; state: string }) => `Cannot resume ${d.slug}: it is ${d.state}`,
    hint: (d: { slug: string }) => `caisson attach ${d.slug}`,
    status: 409,
    exit: 7,
  },
  gate_failed: {
    message: (d: { detail: string }) => `Cannot start gate: ${d.detail}`,
    hint: () => "caisson doctor",
    status: 500,
    exit: 6,
  },
  gate_rejected: {
    message: (d: { reason: string }) => `Cannot apply policy: the gate refused it: ${d.reason}`,
    hint: () => "caisson policy check",
    status: 422,
    exit: 5,
  },
  port_taken: {
    message: (d: { hostAddress: string; hostPort: number; port: number }) =>
      `Cannot publish port ${d.port}: ${d.hostAddress}:${d.hostPort} is taken`,
    hint: (d: { port: number }) => `caisson run --publish 0:${d.port} (any free port)`,
    status: 409,
    exit: 7,
  },
  port_failed: {
    message: (d: { hostAddress: string; hostPort: number; port: number; reason: string }) =>
      `Cannot publish port ${d.port}: the gate cannot listen on ${d.hostAddress}:${d.hostPort}: ${d.reason}`,
    hint: (d: { port: number }) => `caisson run --publish 0:${d.port} (any free port)`,
    status: 500,
    exit: 6,
  },
  sandbox_lost: {
    message: (d: { reason: string }) => `Cannot start sandbox: it ended meanwhile: ${d.reason}`,
    hint: () => "caisson doctor",
    status: 500,
    exit: 6,
  },
  launch_timed_out: {
    message: (d: { step: string; seconds: number }) =>
      `Cannot start sandbox: step "${d.step}" took over ${d.seconds} s`,
    hint: () => "caisson doctor",
    status: 504,
    exit: 6,
  },
  undo_failed: {
    message: (d: { slug: string; steps: readonly string[] }) =>
      `Cannot undo everything of "${d.slug}": ${d.steps.join(", ")}`,
    hint: () => "caisson cleanup",
    status: 500,
    exit: 6,
  },
  recording_folder: {
    message: (d: { folder: string }) => `Cannot record: "${d.folder}" is not a folder that can be opened`,
    hint: (d: { folder: string }) => `mkdir -p ${d.folder}`,
    status: 404,
    exit: 3,
  },
  recording_exists: {
    message: (d: { file: string }) => `Cannot record: "${d.file}" is there already`,
    hint: () => "give --record another file name, or remove this one",
    status: 409,
    exit: 7,
  },
} as const;

/** Makes a `Failure` of this room. */
export const runFailure = failures(runErrors);
