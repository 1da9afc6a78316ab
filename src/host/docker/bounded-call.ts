import { Failure } from "../../base/failure.ts";
import { dockerHostFailure } from "./errors.ts";

/** Longest that the engine may take for one answer. It takes seconds for a container on a busy machine. */
const answerSeconds = 30;

/** Makes one call of the engine: bounded, its errors as failures. `act` names it for the person. */
export async function boundedCall<T>(
  act: string,
  call: (signal: AbortSignal) => Promise<T>,
  seconds = answerSeconds,
): Promise<T> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(dockerHostFailure("docker_silent", { act, detail: `no answer within ${seconds} s` }));
      abort.abort();
    }, seconds * 1000);
  });
  try {
    return await Promise.race([call(abort.signal), late]);
  } catch (error) {
    throw asFailure(act, error);
  } finally {
    // Only a timer: the signal would cut the connection of a stream that lives on.
    clearTimeout(timer);
  }
}

/** The engine's status code, when it was the engine that said no. */
export const statusOf = (error: unknown): number | undefined => {
  const status = error instanceof Failure ? error.data.status : undefined;
  return typeof status === "number" ? status : undefined;
};

/** Whether the engine said nothing at all. */
export const isSilent = (error: unknown): boolean => error instanceof Failure && error.code === "docker_silent";

function asFailure(act: string, error: unknown): unknown {
  if (error instanceof Failure || !(error instanceof Error)) return error;
  const { statusCode, json } = error as { statusCode?: unknown; json?: { message?: unknown } };
  if (typeof statusCode === "number") {
    const detail = typeof json?.message === "string" ? json.message : error.message;
    return dockerHostFailure("docker_refused", { act, status: statusCode, detail: detail.trim() }, { cause: error });
  }
  const { code } = error as NodeJS.ErrnoException;
  return dockerHostFailure("docker_silent", { act, detail: code ?? error.message }, { cause: error });
}
