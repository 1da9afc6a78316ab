import { newSlug } from "../../base/slug.ts";
import { startArguments } from "../../host/entry-point.ts";
import { randomBelow } from "../../host/random-bytes.ts";
import { underSlug } from "../../run/compose-launch.ts";
import { fitsAhead } from "../../run/gate-ahead.ts";
import { connectKeeper } from "../../run/keeper-client.ts";
import { spawnKeeper } from "../../run/start-keeper.ts";
import { statePaths } from "../../sandbox/state-paths.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { terminalTitle } from "../output/terminal-title.ts";
import { announceRun, headLines } from "./announce-run.ts";
import { followRun } from "./follow-run.ts";
import type { RunInput } from "./run-options.ts";
import { portLine } from "./run-view.ts";
import { waitUntilRunning } from "./wait-until-running.ts";

/** Longest prompt that `-` reads from standard input. */
const promptBytes = 4 * 1024 ** 2;

/** Does `caisson run`: resolves everything first, so that nothing half-starts; then launches and follows. Returns the exit code. */
export async function runSealed(context: CommandContext, input: RunInput): Promise<number> {
  const { folders, output, environment } = context;
  const { options } = input;
  const { planRun } = await import("./plan-run.ts");
  const prompt = input.arguments[1] === "-" ? await readPrompt(context) : input.arguments[1];
  const planned = await planRun(context, input, { slug: newSlug(randomBelow), prompt, now: new Date() });
  if (options.dryRun) {
    const { describePlan, planLines } = await import("./describe-plan.ts");
    output.show(describePlan(planned), () => [...headLines(planned), ...planLines(planned), "  nothing was started"]);
    return 0;
  }
  // It boots while we resolve: it does nothing before it is told what, and a mistake ends it unused.
  const keeper =
    context.earlyKeeper ?? spawnKeeper({ command: process.execPath, args: startArguments("keeper") }, environment);
  const { ahead } = keeper;
  const request = ahead && fitsAhead(planned.request, ahead) ? underSlug(planned.request, ahead.slug) : planned.request;
  const plan = { ...planned, request };
  await keeper.launch(request);
  const { slug } = plan.request.metadata;
  announceRun(output, plan);
  const client = await connectKeeper(statePaths(folders.state, slug).socket);
  using connection = client;
  if (options.detach) {
    // Only what runs is left alone: a launch that fails is told here, where somebody reads it.
    const opened = connection ? await waitUntilRunning(connection, slug) : [];
    for (const port of opened) output.note(portLine(port));
    const ports = opened.map(({ url, hostAddress, hostPort, port }) => ({ url, hostAddress, hostPort, port }));
    const say = plan.request.session ? ` · caisson send ${slug} "…"` : "";
    output.note(output.style.dim(`  detached   caisson attach ${slug}${say} · caisson stop ${slug}`));
    output.show({ slug, ...(ports.length > 0 && { ports }) }, () => [slug]);
    return 0;
  }
  using _title = terminalTitle(output, plan.request.metadata);
  if (plan.request.session) {
    const { followSession } = await import("../session/follow-session.ts");
    return await followSession(context, connection, { ...plan.request, isOurs: true });
  }
  // Awaited here: the connection must not be closed before the run is over.
  return await followRun(context, connection, { ...plan.request, isOurs: true });
}

async function readPrompt(context: CommandContext): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of context.input.stream) {
    parts.push(part as Buffer);
    size += (part as Buffer).length;
    if (size > promptBytes) {
      const { cliFailure } = await import("../errors.ts");
      throw cliFailure("wrong_value", {
        command: "run",
        option: "prompt",
        value: "-",
        expected: `at most ${promptBytes} bytes`,
      });
    }
  }
  return Buffer.concat(parts).toString("utf8");
}
