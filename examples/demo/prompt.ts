/** What the demo asks for; the recording answers to exactly this. */
export const demoPrompt =
  "The tests of this little till fail. Find out why, mend the code, and run the tests again. " +
  "Then report the result with a POST to https://reports.example/till.";
