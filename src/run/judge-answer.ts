import { runInNewContext } from "node:vm";
import { schemaCheck } from "../policy/json-schema.ts";
import type { RunEventDraft } from "../spec/events.ts";

/** Longest that judging one answer may take: a pattern of the schema may have been made to take for ever. */
const judgeMilliseconds = 2_000;
/** Largest answer of a command that is judged. */
const answerBytes = 1024 ** 2;

/** Holds a run's answer against its output schema. */
export interface AnswerJudge {
  /** The event as it is told: a result that fits carries the value; one that does not has failed, and why is told. */
  take(draft: RunEventDraft): readonly RunEventDraft[];
  /** Of a command, whose standard output is its answer. */
  write(bytes: Uint8Array): void;
  /** The run is over; `ok`: whether it ended well, so that an answer may be asked for. */
  end(ok: boolean): readonly RunEventDraft[];
  /** Whether the last answer does not fit, or there was none. */
  readonly isMisfit: boolean;
}

/** Makes the judge of one run. Throws when the schema is none: a launch checks that first. */
export function createAnswerJudge(schema: Readonly<Record<string, unknown>>, isCommand: boolean): AnswerJudge {
  const check = schemaCheck(schema, "output schema");
  const parts: Uint8Array[] = [];
  let size = 0;
  let state: "none" | "fits" | "misfit" = "none";
  const judge = (text: string, given: unknown): readonly RunEventDraft[] => {
    const { output, problems } = given === undefined ? parseAnswer(text) : { output: given, problems: [] };
    const complaints = problems.length > 0 ? problems : bounded(check, output);
    state = complaints.length === 0 ? "fits" : "misfit";
    if (complaints.length === 0) return [{ event: "result_reported", ok: true, text, output }];
    return [{ event: "result_reported", ok: false, text }, misfit(complaints.join("; "))];
  };
  return {
    take: (draft) => (draft.event === "result_reported" && draft.ok ? judge(draft.text, draft.output) : [draft]),
    write(bytes) {
      size += bytes.length;
      if (isCommand && size <= answerBytes) parts.push(bytes);
    },
    end(ok) {
      if (!ok) return [];
      if (isCommand && size > answerBytes) {
        state = "misfit";
        return [misfit(`it is larger than ${answerBytes} bytes`)];
      }
      if (isCommand) return judge(Buffer.concat(parts).toString("utf8").trim(), undefined);
      if (state !== "none") return [];
      state = "misfit";
      return [misfit("there was no answer")];
    },
    get isMisfit() {
      return state === "misfit";
    },
  };
}

const misfit = (why: string): RunEventDraft => ({
  event: "error_reported",
  message: `the answer does not fit the output schema: ${why}`,
});

/** JSON, alone or in one block of code, as models write it. */
function parseAnswer(text: string): { readonly output: unknown; readonly problems: readonly string[] } {
  const bare = /^\s*```(?:json)?\s*\n(?<inner>[\s\S]*?)\n\s*```\s*$/.exec(text)?.groups?.inner ?? text;
  try {
    return { output: JSON.parse(bare), problems: [] };
  } catch {
    return { output: undefined, problems: ["it is not JSON"] };
  }
}

function bounded(check: (value: unknown) => readonly string[], value: unknown): readonly string[] {
  try {
    return runInNewContext("check(value)", { check, value }, { timeout: judgeMilliseconds }) as readonly string[];
  } catch (error) {
    const isTimeout = (error as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
    return [isTimeout ? `judging it took over ${judgeMilliseconds} ms` : String(error)];
  }
}
