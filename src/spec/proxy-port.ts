/** Port of the gate's egress listener as every sandbox sees it. */
export const proxyPort = 3128;
