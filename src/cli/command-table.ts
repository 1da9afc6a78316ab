import type { Command } from "./frame/command.ts";

/** One row of the command table. The command itself is loaded when it is asked for: a start must not pay for all of them. */
export interface CommandRow {
  readonly name: string;
  readonly group: "run" | "look" | "end" | "set up";
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Every command, in the order of `caisson --help`. */
export const commandTable: readonly CommandRow[] = [
  {
    name: "run",
    group: "run",
    summary: "run an agent, or any command, in a sealed sandbox",
    load: async () => (await import("./commands/run.ts")).runCommand,
  },
  {
    name: "attach",
    group: "run",
    summary: "connect this terminal to a run",
    load: async () => (await import("./commands/attach.ts")).attachCommand,
  },
  {
    name: "send",
    group: "run",
    summary: "say one thing to a running session",
    load: async () => (await import("./commands/send.ts")).sendCommand,
  },
  {
    name: "acp",
    group: "run",
    summary: "be the agent of an editor: sealed sessions over the Agent Client Protocol",
    load: async () => (await import("./commands/acp.ts")).acpCommand,
  },
  {
    name: "resume",
    group: "run",
    summary: "go on with the conversation of a sandbox that has ended",
    load: async () => (await import("./commands/resume.ts")).resumeCommand,
  },
  {
    name: "exec",
    group: "run",
    summary: "run a command in a running sandbox",
    load: async () => (await import("./commands/exec.ts")).execCommand,
  },
  {
    name: "shell",
    group: "run",
    summary: "open a shell in a running sandbox",
    load: async () => (await import("./commands/shell.ts")).shellCommand,
  },
  {
    name: "policy allow",
    group: "run",
    summary: "let a running sandbox reach one host more",
    load: async () => (await import("./commands/policy-allow.ts")).policyAllowCommand,
  },
  {
    name: "ls",
    group: "look",
    summary: "list what runs, and what was interrupted",
    load: async () => (await import("./commands/ls.ts")).lsCommand,
  },
  {
    name: "inspect",
    group: "look",
    summary: "say all that is known of one sandbox",
    load: async () => (await import("./commands/inspect.ts")).inspectCommand,
  },
  {
    name: "logs",
    group: "look",
    summary: "print what agent, gate and keeper wrote",
    load: async () => (await import("./commands/logs.ts")).logsCommand,
  },
  {
    name: "audit",
    group: "look",
    summary: "print the gate's decisions",
    load: async () => (await import("./commands/audit.ts")).auditCommand,
  },
  {
    name: "verify",
    group: "look",
    summary: "check that the audit log is as it was written",
    load: async () => (await import("./commands/verify.ts")).verifyCommand,
  },
  {
    name: "diff",
    group: "look",
    summary: "show what the agent changed in its copy of the workspace",
    load: async () => (await import("./commands/diff.ts")).diffCommand,
  },
  {
    name: "apply",
    group: "end",
    summary: "bring the changes of a copied workspace into your folder",
    load: async () => (await import("./commands/apply.ts")).applyCommand,
  },
  {
    name: "stop",
    group: "end",
    summary: "end a run; logs and audit stay",
    load: async () => (await import("./commands/stop.ts")).stopCommand,
  },
  {
    name: "rm",
    group: "end",
    summary: "remove what is kept of a run",
    load: async () => (await import("./commands/rm.ts")).rmCommand,
  },
  {
    name: "cleanup",
    group: "end",
    summary: "finish what a killed keeper or a power cut left",
    load: async () => (await import("./commands/cleanup.ts")).cleanupCommand,
  },
  {
    name: "kill",
    group: "end",
    summary: "end everything that runs, now",
    load: async () => (await import("./commands/kill.ts")).killCommand,
  },
  {
    name: "spare",
    group: "set up",
    summary: "have the next run booted before you ask for it",
    load: async () => (await import("./commands/spare.ts")).spareCommand,
  },
  {
    name: "doctor",
    group: "set up",
    summary: "say what this machine has and lacks, and mend it with --fix",
    load: async () => (await import("./commands/doctor.ts")).doctorCommand,
  },
  {
    name: "images build",
    group: "set up",
    summary: "build the images of the docker engine",
    load: async () => (await import("./commands/images-build.ts")).imagesBuildCommand,
  },
  {
    name: "images ls",
    group: "set up",
    summary: "list the images that were built",
    load: async () => (await import("./commands/images-ls.ts")).imagesLsCommand,
  },
  {
    name: "images prune",
    group: "set up",
    summary: "remove images that later builds took the place of",
    load: async () => (await import("./commands/images-prune.ts")).imagesPruneCommand,
  },
  {
    name: "agents ls",
    group: "set up",
    summary: "list the agents that can be run, and what they still need",
    load: async () => (await import("./commands/agents-ls.ts")).agentsLsCommand,
  },
  {
    name: "login",
    group: "set up",
    summary: "sign in with a subscription, kept and renewed outside of every sandbox",
    load: async () => (await import("./commands/login.ts")).loginCommand,
  },
  {
    name: "logout",
    group: "set up",
    summary: "forget a login",
    load: async () => (await import("./commands/logout.ts")).logoutCommand,
  },
  {
    name: "credentials set",
    group: "set up",
    summary: "keep a credential, sealed",
    load: async () => (await import("./commands/credentials-set.ts")).credentialsSetCommand,
  },
  {
    name: "credentials ls",
    group: "set up",
    summary: "list what is kept, and who is signed in",
    load: async () => (await import("./commands/credentials-ls.ts")).credentialsLsCommand,
  },
  {
    name: "credentials rm",
    group: "set up",
    summary: "remove a kept credential",
    load: async () => (await import("./commands/credentials-rm.ts")).credentialsRmCommand,
  },
  {
    name: "init",
    group: "set up",
    summary: "print or write a commented manifest",
    load: async () => (await import("./commands/init.ts")).initCommand,
  },
  {
    name: "policy explain",
    group: "set up",
    summary: "say what a run would be allowed, and where each rule comes from",
    load: async () => (await import("./commands/policy-explain.ts")).policyExplainCommand,
  },
  {
    name: "policy trust",
    group: "set up",
    summary: "look at what a repository asks for, and allow exactly that",
    load: async () => (await import("./commands/policy-trust.ts")).policyTrustCommand,
  },
  {
    name: "policy learn",
    group: "set up",
    summary: "turn what a run was refused into routes, as a diff of a manifest",
    load: async () => (await import("./commands/policy-learn.ts")).policyLearnCommand,
  },
  {
    name: "policy check",
    group: "set up",
    summary: "say whether a manifest is well-formed",
    load: async () => (await import("./commands/policy-check.ts")).policyCheckCommand,
  },
];
