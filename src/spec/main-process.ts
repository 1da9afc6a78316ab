/** The main process of a run has this id in the keeper protocol's `output`, `input`, `resize`, `signal` and `exited`. */
export const mainProcess = "main";
