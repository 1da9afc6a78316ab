/** Port of the gate's egress listener on every sandbox's loopback. */
export const proxyPort = 3128;
