import type { Reporter, SerializedError, TestCase, TestModule } from "vitest/node";

/**
 * Vitest's reporter for `npm test`: a line for each file, and what failed in full as soon as it has: a run that is ended for its
 * time has then said what it knew. Lines name their file, so that two runs may tell side by side.
 */
export default class TellAsItGoes implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const { state, errors = [] } = test.result();
    if (state === "failed") say(`FAILED ${test.module.relativeModuleId}: ${test.fullName}`, ...errors.map(render));
  }

  onTestModuleEnd(module: TestModule): void {
    const states = [...module.children.allTests()].map((test) => test.result().state);
    const count = (state: string) => states.filter((one) => one === state).length;
    const counts = ["passed", "failed", "skipped"].filter((state) => count(state) > 0);
    const seconds = (module.diagnostic().duration / 1000).toFixed(1);
    const errors = module.errors();
    if (errors.length > 0) say(`FAILED ${module.relativeModuleId}`, ...errors.map(render));
    const told = counts.map((state) => `${count(state)} ${state}`).join(", ") || "no test";
    say(`${module.relativeModuleId}: ${told} (${seconds} s)`);
  }

  onUserConsoleLog({ content }: { readonly content: string }): void {
    say(content.trimEnd());
  }

  onTestRunEnd(_modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    if (errors.length > 0) say("FAILED outside a test", ...errors.map(render));
  }
}

const say = (...lines: readonly string[]) => void process.stdout.write(`${lines.join("\n")}\n`);

function render({ message, stack, diff }: { message: string; stack?: string | undefined; diff?: unknown }): string {
  const frames = (stack ?? "").split("\n").filter((line) => /^\s+at (?!.*node_modules)/.test(line));
  return [message, ...(typeof diff === "string" ? [diff] : []), ...frames].join("\n");
}
