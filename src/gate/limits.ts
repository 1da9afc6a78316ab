/** Every wait and every queue of the gate has one of these bounds. Times are milliseconds. */
export interface GateLimits {
  /** Accepted connections of one sandbox at a time. */
  readonly connections: number;
  /** Connections of one sandbox that came in by published ports. */
  readonly ingressConnections: number;
  /** Between two bytes of such a connection, either way; and once one side has sent its end. */
  readonly ingressIdleMs: number;
  readonly ingressHalfClosedMs: number;
  readonly headBytes: number;
  readonly headers: number;
  /** From the first byte of a request to the end of its head. */
  readonly headMs: number;
  readonly handshakeMs: number;
  /** A kept-alive agent connection without a request. */
  readonly idleMs: number;
  /** Resolving, connecting and the TLS handshake of one upstream connection, all together. */
  readonly dialMs: number;
  /** From the end of the request to the head of its answer: models may think for long. */
  readonly answerMs: number;
  /** Between two bytes of a body, either way. */
  readonly bodyIdleMs: number;
  readonly webSocketIdleMs: number;
  /** How long an answer may go silent once the agent has closed its sending half. */
  readonly halfClosedMs: number;
  /** How long what is left of a refused request is read, so that the agent sees the answer and not a reset. */
  readonly lingerMs: number;
  readonly lingerBytes: number;
  readonly sweepMs: number;
  /** Model requests are read whole; also the bound of a recorded answer. */
  readonly modelBytes: number;
  /** All model requests of one sandbox that are held at a time, unpacked ones as they are unpacked. */
  readonly heldBytes: number;
  /** Decoded bytes that are looked at in one compressed request body. */
  readonly decodedBytes: number;
  readonly idleUpstreams: number;
  readonly idleUpstreamMs: number;
  readonly leaves: number;
  readonly leafHours: number;
}

/** The bounds that the gate runs with. */
export const gateLimits: GateLimits = {
  connections: 1_024,
  ingressConnections: 1_024,
  ingressIdleMs: 3_600_000,
  ingressHalfClosedMs: 600_000,
  headBytes: 64 * 1024,
  headers: 200,
  headMs: 30_000,
  handshakeMs: 15_000,
  idleMs: 120_000,
  dialMs: 15_000,
  answerMs: 600_000,
  bodyIdleMs: 600_000,
  webSocketIdleMs: 3_600_000,
  halfClosedMs: 10_000,
  lingerMs: 2_000,
  lingerBytes: 256 * 1024,
  sweepMs: 500,
  modelBytes: 32 * 1024 ** 2,
  heldBytes: 256 * 1024 ** 2,
  decodedBytes: 1024 ** 3,
  idleUpstreams: 64,
  idleUpstreamMs: 15_000,
  leaves: 500,
  leafHours: 24,
};
