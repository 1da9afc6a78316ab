/** Exit code of a run whose answer does not fit its output schema. */
export const misfitExit = 8;
