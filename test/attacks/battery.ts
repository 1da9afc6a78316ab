import type { Attack } from "./attack.ts";
import { credentialAttacks } from "./battery/credential-attacks.ts";
import { dockerAttacks } from "./battery/docker-attacks.ts";
import { fileAttacks } from "./battery/file-attacks.ts";
import { gateAttacks } from "./battery/gate-attacks.ts";
import { kernelAttacks } from "./battery/kernel-attacks.ts";
import { limitAttacks } from "./battery/limit-attacks.ts";
import { networkAttacks } from "./battery/network-attacks.ts";
import { processAttacks } from "./battery/process-attacks.ts";
import { secretAttacks } from "./battery/secret-attacks.ts";
import { smugglingAttacks } from "./battery/smuggling-attacks.ts";
import { workspaceAttacks } from "./battery/workspace-attacks.ts";

/** Every attack, in the order in which it is tried. */
export const battery: readonly Attack[] = [
  ...gateAttacks,
  ...smugglingAttacks,
  ...credentialAttacks,
  ...networkAttacks,
  ...kernelAttacks,
  ...processAttacks,
  ...fileAttacks,
  ...dockerAttacks,
  ...limitAttacks,
  ...workspaceAttacks,
  ...secretAttacks,
];
