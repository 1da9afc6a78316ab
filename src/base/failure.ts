/** What one row of a room's `errors.ts` table says about an expected failure; every text is safe to show to any caller. */
export interface FailureRow<Data> {
  readonly message: (data: Data) => string;
  /** A command to type, or the one thing to do next. */
  readonly hint: (data: Data) => string;
  /** HTTP status of this failure. */
  readonly status: number;
  /** Exit code of the CLI: 2 usage, 3 not found, 4 not ready, 5 refused by policy, 6 engine failure, 7 conflict. */
  readonly exit: number;
}

/** An expected failure: it is told to the person, never printed as a stack. `data` holds facts only, no secret, no prose. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly code: string;
  readonly hint: string;
  readonly status: number;
  readonly exit: number;
  readonly data: Readonly<Record<string, unknown>>;
  constructor(
    code: string,
    row: { message: string; hint: string; status: number; exit: number },
    data: object,
    cause?: unknown,
  ) {
    super(row.message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.hint = row.hint;
    this.status = row.status;
    this.exit = row.exit;
    this.data = data as Readonly<Record<string, unknown>>;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the table's rows have different data types; each call site is typed by its own row
type Table = Record<string, FailureRow<any>>;

/**
 * Makes the typed constructor of one room's failures from its table: `failure("image_missing", { image })`.
 * The table stays readable on it, for `docs/errors.md`.
 */
export function failures<T extends Table>(table: T) {
  function failure<C extends keyof T & string>(
    code: C,
    data: Parameters<T[C]["message"]>[0],
    options: { cause?: unknown } = {},
  ): Failure {
    const row = table[code] as FailureRow<unknown>;
    const text = { message: row.message(data), hint: row.hint(data), status: row.status, exit: row.exit };
    return new Failure(code, text, data as object, options.cause);
  }
  return Object.assign(failure, { table });
}
