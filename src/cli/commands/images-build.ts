import { readNpmForBuilds } from "../../host/package-client/npm-for-builds.ts";
import { openPackageClientHost } from "../../host/package-client/package-client-host.ts";
import { type BuildHost, buildTarget, type ProvidedImage } from "../../sandbox/docker/images/build-target.ts";
import { targetsOf } from "../../sandbox/docker/images/dockerfile-stages.ts";
import { imageFailure } from "../../sandbox/docker/images/errors.ts";
import { readDockerfile } from "../../sandbox/docker/images/image-sources.ts";
import { defineCommand } from "../frame/command.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { text } from "../frame/option.ts";
import { openDocker } from "../open-docker.ts";
import { byteText } from "../output/byte-text.ts";
import { proxyArguments } from "../proxy-arguments.ts";

const interrupted = 130;

/** `caisson images build`. */
export const imagesBuildCommand = defineCommand({
  arguments: [{ name: "[target...]", summary: "which images; gate and claude-code when none is named" }],
  options: {
    base: text("--base <image>", "build on this image: a Debian or Ubuntu"),
    network: text("--network <mode>", "network of the build's steps, as docker names it: host, or a network's name"),
  },
  examples: [
    { line: "caisson images build", does: "builds what a run with Claude Code needs; at once when it is there" },
    { line: "caisson images build gate pi --base debian:bookworm-slim", does: "builds two images on a base of yours" },
  ],
  exits: {
    4: "the engine does not answer, or the base image is not to be had",
    6: "a step of a build failed",
    130: "interrupted",
  },
  notes: [
    "npm packages come from where your npm takes them, with its sign-in; neither stays in an image. Debian packages come from the base image's own sources.",
    "An image's tag names its content, so equal content is built once.",
  ],
  run: async (context, { arguments: named, options }) => {
    const known = targetsOf(readDockerfile());
    const targets = named.length > 0 ? [...new Set(named)] : ["gate", "claude-code"];
    const strange = targets.find((target) => !known.includes(target));
    if (strange !== undefined) throw imageFailure("image_target_unknown", { target: strange, known });
    const abort = new AbortController();
    using _ = context.onInterrupt(() => abort.abort());
    const host = await openBuildHost(context, abort.signal);
    for (const target of targets) {
      try {
        show(context, await buildTarget(host, { target, ...options }));
      } catch (error) {
        if (!abort.signal.aborted) throw error;
        context.output.note(`${target}: interrupted; nothing of it was kept but what the engine caches`);
        return interrupted;
      }
    }
    return 0;
  },
});

async function openBuildHost(context: CommandContext, signal: AbortSignal): Promise<BuildHost> {
  const { environment, folders, output } = context;
  return {
    docker: await openDocker(context),
    // No workspace: what a project's .npmrc says does not count for an image.
    readNpm: () => readNpmForBuilds(openPackageClientHost({ environment, home: folders.home, workspace: context.cwd })),
    proxies: proxyArguments(environment),
    now: () => performance.now(),
    tell: (line) => output.note(output.style.dim(`  ${line}`)),
    signal,
  };
}

function show({ output }: CommandContext, image: ProvidedImage): void {
  output.show(image, () => {
    const time = image.state === "built" ? `built in ${image.seconds} s` : image.state;
    return [`${image.target}  ${image.reference}  ${byteText(image.bytes)}  ${output.style.good(time)}`];
  });
}
