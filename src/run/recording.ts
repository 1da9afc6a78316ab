import { appendFileSync, constants, existsSync, lstatSync, openSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { Recording } from "../model/recording-reader.ts";
import type { Exchange } from "../spec/gate-protocol.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import { runFailure } from "./errors.ts";

/** What is called otherwise on another machine, or in another run of the same prompt. */
const placesOf = ({ workdir, home, metadata }: LaunchRequest) => ({ workdir, home, slug: metadata.slug });

/**
 * Begins a recording; the file comes with the first exchange, each of which is on disk when the returned call returns. The
 * folder is held from now on, and the file from its first line: both may lie where the agent writes, which could put a
 * link to a file of the person's in their place.
 */
export async function openRecording(
  file: string,
  request: LaunchRequest,
  now: () => Date,
): Promise<(exchange: Exchange) => void> {
  const folder = holdFolder(file);
  const place = `/proc/self/fd/${folder}/${basename(file)}`;
  if (lstatSync(place, { throwIfNoEntry: false })) throw runFailure("recording_exists", { file });
  const { createRecordingWriter, printRecordingHeader } = await import("../model/recording-writer.ts");
  const print = createRecordingWriter(placesOf(request));
  let fd: number | undefined;
  return (exchange) => {
    if (fd === undefined) {
      const header = printRecordingHeader({
        source: "live",
        provider: request.provider,
        cliVersion: request.cliVersion ?? "unknown",
        credentials: request.policy.credentials.map(({ name }) => name),
        recordedAt: now().toISOString(),
      });
      fd = openSync(place, "ax", 0o600);
      appendFileSync(fd, header);
    }
    appendFileSync(fd, print(exchange));
  };
}

// Both stay open until the keeper ends: exchanges may come as long as it lives.
function holdFolder(file: string): number {
  try {
    return openSync(dirname(file), constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (cause) {
    throw runFailure("recording_folder", { folder: dirname(file) }, { cause });
  }
}

/** The exchanges of a recording, with this run's places in them. */
export async function readReplay(file: string, request: LaunchRequest): Promise<Exchange[]> {
  return [...(await readRecordingFile(file, placesOf(request))).exchanges];
}

/** Reads a recording; throws a Failure that names what is wrong with it, and where. */
export async function readRecordingFile(
  file: string,
  places: Readonly<Record<string, string>> = {},
): Promise<Recording> {
  const [{ readRecording }, { modelFailure }] = await Promise.all([
    import("../model/recording-reader.ts"),
    import("../model/errors.ts"),
  ]);
  if (!existsSync(file)) throw modelFailure("recording_missing", { file });
  return readRecording({ file, text: readFileSync(file, "utf8") }, places);
}
