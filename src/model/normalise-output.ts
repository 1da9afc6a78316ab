const months = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec";

// In order: what a terminal, a clock, a random name or a process number puts into a tool's output.
const rules: readonly (readonly [RegExp, string])[] = [
  [/\u001b\[[0-9;?]*[ -/]*[@-~]/g, ""],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, "<uuid>"],
  [/\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?(?:Z|[+-]\d{2}:?\d{2}))?)?/g, "<time>"],
  [new RegExp(`\\b(?:${months}) +\\d{1,2} +(?:\\d{2}:\\d{2}(?::\\d{2})?|\\d{4})\\b`, "g"), "<time>"],
  [/\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?\b/g, "<time>"],
  [
    /\b(duration_ms:?|duration:?|elapsed:?|took|in|after|time:?)( +)\d+(?:\.\d+)?(?: ?(?:ns|[mu\u00b5]?s|sec(?:onds?)?|min(?:utes?)?|milliseconds?))?(?=[\s,;.)]|$)/gi,
    "$1$2<duration>",
  ],
  [/\b\d+(?:\.\d+)? ?(?:ns|\u00b5s|us|ms|seconds?|secs?|milliseconds?)\b/g, "<duration>"],
  [/\b\d+\.\d+s\b/g, "<duration>"],
  [/\bpid[ =:]+\d+/gi, "pid <n>"],
  [/(\/tmp|\/var\/tmp|\/dev\/shm)\/[\w.+@-]+/g, "$1/<name>"],
  [/\/\.claude\/projects\/[^/\s"']+/g, "/.claude/projects/<name>"],
  [/\b0x[0-9a-f]{6,16}\b/gi, "<address>"],
];

/** A tool's output without what differs each time the same tool does the same work. */
export function normaliseOutput(text: string): string {
  return rules.reduce((rest, [pattern, put]) => rest.replace(pattern, put), text);
}
