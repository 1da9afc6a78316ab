const month = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const weekday = "(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:[a-z]*),? +)?";
const clock = "\\d{1,2}:\\d{2}(?::\\d{2}(?:[.,]\\d+)?)?(?: ?[AP]M)?(?: [A-Z]{3,4}\\b)?(?: ?[+-]\\d{2}:?\\d{2})?";

// In order: what a terminal, a clock, a random name or a process number puts into a tool's output.
const rules: readonly (readonly [RegExp, string])[] = [
  [/\u001b\[[0-9;?]*[ -/]*[@-~]/g, ""],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, "<uuid>"],
  // `ls -l`: owner, mode and link count are the machine's, a folder's size the file system's; a file's size is its content's.
  [/^([-dlbcps])[rwxsStT-]{9}[.+@]? +\d+ +\S+ +\S+(?: +(?<=d.*)\d+)?/gm, "$1<mode>"],
  [/^total \d+(?:\.\d+)?[KMG]?$/gm, "total <blocks>"],
  // 2026-11-21, 2026-11-21T10:15:39.197Z, 2026-11-21 10:15:39 +0100
  [/\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?(?:Z|[+-]\d{2}:?\d{2}))?)?/g, "<time>"],
  // Sat, 21 Nov 2026 10:15:39 GMT
  [new RegExp(`\\b${weekday}\\d{1,2} ${month} \\d{4}(?: +(?:${clock}))?`, "g"), "<time>"],
  // Sat Nov 21 10:15:39 UTC 2026, Nov 21 10:15, Nov 21 2026
  [new RegExp(`\\b${weekday}${month} +\\d{1,2}\\b,?(?: +(?:${clock}))?(?: +\\d{4}\\b)?`, "g"), "<time>"],
  [/\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?\b/g, "<time>"],
  [/\b(duration(?:_ms)?:?|elapsed:?|took|real|user|sys)([ \t]+)\d+(?:\.\d+)?(?![\w.])/gi, "$1$2<duration>"],
  [/\b\d+(?:\.\d+)? ?(?:ns|\u00b5s|us|ms|milliseconds?|seconds?|secs?)\b/g, "<duration>"],
  [/\b(?:\d+m)?\d+[.,]\d+ ?s\b/g, "<duration>"],
  // Node's own frames of a stack trace: they are of its version, not of the work.
  [/^ *at [^\n]*\(?node:[\w/.-]+:\d+:\d+\)?( \{)?\n?/gm, "$1"],
  [/(?<![a-z])(pid[ =:]+)\d+/gi, "$1<number>"],
  [/\/tmp\/claude-\d+\/[^\s"']+/g, "/tmp/<name>"],
  [/(\/tmp|\/var\/tmp|\/dev\/shm)\/[\w.+@-]+/g, "$1/<name>"],
  // Where Claude Code keeps an output that is too long to show, and how long it is with its own durations in it.
  [/\/\.claude\/projects\/[^\s"']+/g, "/.claude/projects/<name>"],
  [/\/\.pi\/agent\/sessions\/[^\n"']*?\.jsonl/g, "/.pi/agent/sessions/<name>"],
  // What Codex says of each command: a random name, how long it took, how long its answer is (with its folder in it).
  [/("?\b(?:chunk_id|wall_time_seconds|original_token_count)"?: ?)(?:"[0-9a-f]*"|[\d.e-]+)/g, "$1<number>"],
  [/^((?:Chunk ID|Original token count): )[0-9a-f]+/gm, "$1<number>"],
  // Where the machine's tools lie.
  [/^(PATH|\w+_EXECPATH)=.*$/gm, "$1=<path>"],
  [/\bOutput too large \([\d.]+ ?[KM]?B\)/g, "Output too large"],
  [/\b0x[0-9a-f]{6,16}\b/gi, "<address>"],
];

/** A tool's output without what differs each time the same tool does the same work. */
export function normaliseOutput(text: string): string {
  return rules.reduce((rest, [pattern, put]) => rest.replace(pattern, put), text);
}
