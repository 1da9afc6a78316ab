import { isShellName } from "./render-launcher.ts";

// What the dynamic loader, the C library and shells act on, or do not let anybody set. Our helpers run before the agent's
// command with its variables around them: these would steer the helpers, outside the sandbox.
const steering =
  /^(LD_|GLIBC_|GCONV_|MALLOC_|LOCPATH$|NLSPATH$|TZDIR$|RES_OPTIONS$|HOSTALIASES$|BASH|SHELLOPTS$|ENV$|IFS$|PS4$|PWD$|OLDPWD$|_$|OPT|PPID$|E?UID$|GROUPS$)/;

/**
 * Which variables may lie around the helpers that start a command, and which bubblewrap must set at the last moment. All
 * could go the second way, but then every user of the machine could read them in its arguments.
 */
export function splitEnvironment(environment: Readonly<Record<string, string>>) {
  const entries = Object.entries(environment).filter(([name, value]) => isName(name) && !value.includes("\0"));
  const isSteering = ([name]: readonly [string, string]) => steering.test(name) || !isShellName(name);
  return {
    around: Object.fromEntries(entries.filter((entry) => !isSteering(entry))),
    atLast: entries.filter(isSteering).flatMap(([name, value]) => ["--setenv", name, value]),
  } as const;
}

const isName = (name: string) => name !== "" && !/[=\0]/.test(name);
