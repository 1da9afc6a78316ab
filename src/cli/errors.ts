import { failures } from "../base/failure.ts";

const seeHelp = (command: string) => (command === "" ? "caisson --help" : `caisson ${command} --help`);
const didYouMean = (suggestion: string | undefined, command: string) =>
  suggestion === undefined ? seeHelp(command) : `did you mean ${suggestion}?  ${seeHelp(command)}`;

/** What the command line itself refuses. */
export const cliFailure = failures({
  unknown_command: {
    message: (d: { name: string; suggestion: string | undefined }) => `Unknown command "${d.name}"`,
    hint: (d) => didYouMean(d.suggestion === undefined ? undefined : `caisson ${d.suggestion}`, ""),
    status: 400,
    exit: 2,
  },
  unknown_option: {
    message: (d: { option: string; command: string; suggestion: string | undefined }) =>
      `Unknown option "${d.option}" of caisson ${d.command}`,
    hint: (d) =>
      didYouMean(d.suggestion, d.command) +
      (d.command === "run" && d.suggestion === undefined
        ? "   (a prompt of one dashed word: echo PROMPT | caisson run AGENT -)"
        : ""),
    status: 400,
    exit: 2,
  },
  wrong_usage: {
    message: (d: { command: string; problem: string }) => `Cannot read the command line of ${d.command}: ${d.problem}`,
    hint: (d) => seeHelp(d.command),
    status: 400,
    exit: 2,
  },
  wrong_value: {
    message: (d: { command: string; option: string; value: string; expected: string }) =>
      `Cannot read ${d.option} "${d.value}": expected ${d.expected}`,
    hint: (d) => seeHelp(d.command),
    status: 400,
    exit: 2,
  },
  folder_gone: {
    message: () => "Cannot tell where you are: the folder that you stand in is gone",
    hint: () => "cd   (into a folder that is there)",
    status: 409,
    exit: 3,
  },
  services_need_docker: {
    message: (d: { services: readonly string[] }) =>
      `Cannot start ${d.services.join(", ")} beside the agent: the local engine has no services`,
    hint: () => "caisson run --engine docker ...",
    status: 400,
    exit: 4,
  },
  runtime_unknown: {
    message: (d: { runtime: string; known: readonly string[] }) =>
      `Cannot use runtime ${d.runtime}: the docker engine has ${d.known.join(", ")}`,
    hint: () => "caisson doctor --engine docker",
    status: 404,
    exit: 4,
  },
  runtime_unguarded: {
    message: (d: { runtime: string }) =>
      `Cannot mount the workspace under runtime ${d.runtime}: what guards it could not be checked there`,
    hint: (d) => `caisson run --runtime ${d.runtime} --workspace copy ...`,
    status: 409,
    exit: 4,
  },
  not_in_this_version: {
    message: (d: { what: string; instead: string }) => `Cannot use ${d.what}: not in this version`,
    hint: (d) => d.instead,
    status: 501,
    exit: 4,
  },
  trust_none: {
    message: (d: { dir: string }) => `Cannot find ${d.dir}: it is no folder, or was not trusted`,
    hint: () => "caisson policy trust --list",
    status: 404,
    exit: 3,
  },
  trust_unreadable: {
    message: (d: { dir: string; problems: readonly string[] }) => `Cannot trust ${d.dir}: ${d.problems.join("; ")}`,
    hint: () => "mend the repository's manifest, or leave it untrusted",
    status: 409,
    exit: 5,
  },
  trust_changed: {
    message: (d: { dir: string; digest: string; wanted: string }) =>
      `Cannot trust ${d.dir}: it is not what you looked at (now ${d.digest})`,
    hint: () => "caisson policy trust   (shows it)",
    status: 409,
    exit: 7,
  },
  trust_unasked: {
    message: (d: { dir: string; digest: string }) => `Cannot trust ${d.dir}: there is no terminal to ask on`,
    hint: (d) => `caisson policy trust ${d.dir} --yes --digest ${d.digest}`,
    status: 409,
    exit: 5,
  },
  trust_declined: {
    message: (d: { dir: string }) => `${d.dir} is not trusted: what it asks for is ignored`,
    hint: () => "caisson policy trust",
    status: 409,
    exit: 5,
  },
  workspace_of_root: {
    message: (d: { dir: string }) =>
      `Cannot mount ${d.dir} on the docker engine: you are root and so is its owner, and no agent runs as root`,
    hint: (d) => `caisson run --workspace copy …    or: chown -R USER ${d.dir}    or: caisson run --engine local …`,
    status: 409,
    exit: 4,
  },
  agent_cli_missing: {
    message: (d: { agent: string; binaries: readonly string[]; install: string }) =>
      `Cannot start ${d.agent}: no ${d.binaries.join(" or ")} on PATH, in ~/.local/bin, under nvm or beside Caisson`,
    hint: (d) => d.install,
    status: 424,
    exit: 4,
  },
  credentials_shown: {
    message: (d: { dir: string; folder: string }) =>
      `Cannot show ${d.dir} to an agent: your kept credentials lie in it (${d.folder})`,
    hint: () => "caisson run --dir FOLDER ...   (one that holds only the work)",
    status: 409,
    exit: 5,
  },
  login_unknown: {
    message: (d: { name: string; known: readonly string[] }) =>
      `Cannot sign in to "${d.name}": accounts are known of ${d.known.join(", ")}`,
    hint: () => "caisson credentials set NAME   (for a key)",
    status: 404,
    exit: 3,
  },
  file_unwritable: {
    message: (d: { file: string; problem: string }) => `Cannot write ${d.file}: ${d.problem}`,
    hint: () => "caisson init   (prints it instead)",
    status: 400,
    exit: 2,
  },
  file_exists: {
    message: (d: { file: string }) => `Cannot write ${d.file}: it is there already`,
    hint: (d) => `caisson init OTHER-NAME, or: rm ${d.file}`,
    status: 409,
    exit: 7,
  },
  prompt_unreadable: {
    message: (d: { what: string }) => `Cannot pass on ${d.what}: the agent gets text, links and quoted files`,
    hint: () => "save it as a file of the workspace and name that",
    status: 400,
    exit: 2,
  },
  folder_missing: {
    message: (d: { folder: string }) => `Cannot work in ${d.folder}: it is no folder of this machine`,
    hint: () => "open a folder in the editor first",
    status: 404,
    exit: 3,
  },
});
