/** Colours that a run is marked with, in lists and in the terminal. */
export const colorNames = ["red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink", "gray"] as const;
export type ColorName = (typeof colorNames)[number];
