import type { ImageFacts } from "../../host/docker/read-image.ts";
import { findAgentCli } from "../../host/find-agent-cli.ts";
import type { Provider } from "../../provider/provider.ts";
import { imageLabels } from "../../sandbox/docker/images/image-names.ts";
import { cliFailure } from "../errors.ts";
import type { CommandContext } from "../frame/command-context.ts";

/** An agent's CLI, and what else must be visible for its work. */
export interface AgentTools {
  /** As it is started inside; empty for a plain command. */
  readonly binary: string;
  readonly version: string | undefined;
  /** Folders of the machine that are shown inside, read-only. */
  readonly dirs: readonly string[];
  /** PATH inside, whole. */
  readonly path: readonly string[];
}

interface ToolUser {
  readonly provider: Provider;
  readonly command?: readonly string[] | undefined;
}

const systemPath = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** This machine's own: what the local engine shows inside. Throws `agent_cli_missing`. */
export function machineTools(
  { environment, folders }: Pick<CommandContext, "environment" | "folders">,
  { provider, command }: ToolUser,
): AgentTools {
  const { name, install } = provider;
  // One with no program of its own starts what the person names.
  const binaries = provider.binaries.length > 0 ? provider.binaries : [command?.[0] ?? ""];
  const found = findAgentCli(binaries, { environment, home: folders.home });
  if (!found && name !== "command") throw cliFailure("agent_cli_missing", { agent: name, binaries, install });
  return {
    binary: found?.binary ?? "",
    version: found?.version,
    dirs: found?.tools.dirs ?? [],
    path: [...(found?.tools.path ?? []), ...systemPath],
  };
}

/** An image's: its CLI by name, its PATH. */
export function imageTools({ provider }: ToolUser, image: Pick<ImageFacts, "environment" | "labels">): AgentTools {
  const path = image.environment.find((variable) => variable.startsWith("PATH="))?.slice("PATH=".length);
  return {
    binary: provider.binaries[0] ?? "",
    version: image.labels[imageLabels.version],
    dirs: [],
    path: path?.split(":").filter((folder) => folder.startsWith("/")) ?? systemPath,
  };
}
