import type { ScriptedTurn } from "../../test/kit/model-endpoint-script.ts";

const post = `fetch("https://reports.example/till", { method: "POST", body: "3 tests pass" }).then(async (answer) => console.log(answer.status, await answer.text()))`;

const runTests = "node --test --test-reporter=spec";

/** What the model says in the demo, turn by turn. */
export const demoTurns: readonly ScriptedTurn[] = [
  { text: "I will run the tests first.", tools: [{ use: "shell", command: runTests }] },
  {
    text: "One test fails: 10 % off 3000 should leave 2700, but 2990 is left. Let me read the code.",
    tools: [{ use: "read", path: "{{workdir}}/src/cart.js" }],
  },
  {
    text: "The discount is subtracted as if it were cents. It is a percentage of the sum.",
    tools: [
      {
        use: "edit",
        path: "{{workdir}}/src/cart.js",
        from: "  return subtotal(items) - discountPercent;",
        to: "  return Math.round(subtotal(items) * (1 - discountPercent / 100));",
      },
    ],
  },
  { text: "Now the tests again.", tools: [{ use: "shell", command: runTests }] },
  { text: "All three pass. Now the report.", tools: [{ use: "shell", command: `node -e '${post}'` }] },
  {
    text:
      "The discount in src/cart.js is mended: it is taken in percent of the sum, rounded to whole cents, and all three " +
      "tests pass. The report was not sent: this sandbox does not allow reports.example, and only you can allow it.",
  },
];
