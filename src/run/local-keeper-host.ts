import { appendFileSync, readFileSync, rmSync } from "node:fs";
import { networkInterfaces, userInfo } from "node:os";
import { join } from "node:path";
import { nextRefresh } from "../host/credential/next-refresh.ts";
import { readCredential } from "../host/credential/read-credential.ts";
import { endProcess } from "../host/end-process.ts";
import { entryPoint, projectRoot } from "../host/entry-point.ts";
import { identifyProcess } from "../host/process-identity.ts";
import { removeTree } from "../host/remove-tree.ts";
import { openJournal } from "../sandbox/journal.ts";
import { createLocalEngine } from "../sandbox/local/local-engine.ts";
import { findLocalPrograms, realLocalHost } from "../sandbox/local/real-local-host.ts";
import { stateFolders, statePaths } from "../sandbox/state-paths.ts";
import { trustFiles } from "../sandbox/trust-files.ts";
import { createGuardHost } from "../sandbox/workspace/node-guard-host.ts";
import type { LaunchPlan } from "../spec/engine.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import type { KeeperHost } from "./keeper-host.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Steps that guard what outlives the machine: files in the person's workspace. */
const durableSteps = new Set(["guard_prepared"]);
