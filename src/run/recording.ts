import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Recording } from "../model/recording-reader.ts";
import type { Exchange } from "../spec/gate-protocol.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import { runFailure } from "./errors.ts";

/** What is called otherwise on another machine, or in another run of the same prompt. */
const placesOf = ({ workdir, home, metadata }: LaunchRequest) => ({ workdir, home, slug: metadata.slug });

/** Begins a recording; the file comes with the first exchange, each of which is on disk when the returned call returns. */
export async function openRecording(
  file: string,
  request: LaunchRequest,
  now: () => Date,
): Promise<(exchange: Exchange) => void> {
  if (existsSync(file)) throw runFailure("recording_exists", { file });
  const { createRecordingWriter, printRecordingHeader } = await import("../model/recording-writer.ts");
  const print = createRecordingWriter(placesOf(request));
  let isBegun = false;
  return (exchange) => {
    if (!isBegun) {
      const header = printRecordingHeader({
        source: "live",
        provider: request.provider,
        cliVersion: request.cliVersion ?? "unknown",
        credentials: request.policy.credentials.map(({ name }) => name),
        recordedAt: now().toISOString(),
      });
      writeFileSync(file, header, { flag: "wx", mode: 0o600 });
      isBegun = true;
    }
    appendFileSync(file, print(exchange));
  };
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
