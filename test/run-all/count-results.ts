/** What came of some tests. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** No test at all. */
export const nothing: Counts = { passed: 0, failed: 0, skipped: 0 };

/** The sum of all. */
export function addUp(all: readonly Counts[]): Counts {
  return all.reduce(
    (sum, counts) => ({
      passed: sum.passed + counts.passed,
      failed: sum.failed + counts.failed,
      skipped: sum.skipped + counts.skipped,
    }),
    nothing,
  );
}

interface VitestResults {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** Counts what vitest's JSON report says; a file that could not be run, a run without tests and no report each count as failed. */
export function countVitest(report: unknown): Counts {
  const files = (report as VitestResults | undefined)?.testResults ?? [];
  const counts = files.map(({ status, assertionResults }) => {
    const count = (...wanted: readonly string[]) =>
      assertionResults.filter((test) => wanted.includes(test.status)).length;
    const failed = count("failed");
    return {
      passed: count("passed"),
      failed: status === "failed" && failed === 0 ? 1 : failed,
      skipped: assertionResults.length - count("passed", "failed"),
    };
  });
  const sum = addUp(counts);
  return sum.passed + sum.failed + sum.skipped === 0 ? { ...nothing, failed: 1 } : sum;
}

/** The file and name of each test of vitest's JSON report that did not pass, and the files that could not be run. */
export function whatFailed(report: unknown): string[] {
  const files = (report as VitestResults | undefined)?.testResults ?? [];
  return files.flatMap(({ name, status, assertionResults }) => {
    const bad = assertionResults.filter((test) => test.status !== "passed");
    return bad.length === 0 && status === "failed" ? [name] : bad.map((test) => `${name}: ${test.fullName}`);
  });
}
