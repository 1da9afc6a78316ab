/** Label of each image that Caisson built: which of its targets it is. */
export const targetLabel = "caisson.target";
