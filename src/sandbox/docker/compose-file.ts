/** The part of the compose file format that we use: what Debian's docker-compose 1.29 and version 2 both read. */
export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, ComposeNetwork>>;
}

export interface ComposeNetwork {
  readonly name: string;
  readonly driver: "bridge";
  readonly internal: boolean;
  readonly driver_opts: Readonly<Record<string, string>>;
  readonly ipam: { readonly config: readonly { readonly subnet: string; readonly gateway: string }[] };
  readonly labels: Readonly<Record<string, string>>;
}

export interface ComposeService {
  readonly image: string;
  readonly container_name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly networks: Readonly<
    Record<string, { readonly ipv4_address: string; readonly aliases?: readonly string[] } | undefined>
  >;
  readonly hostname?: string;
  readonly user?: string;
  readonly runtime?: string;
  readonly init?: boolean;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly stdin_open?: boolean;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly pids_limit?: number;
  readonly mem_limit?: number;
  readonly memswap_limit?: number;
  readonly cpus?: number;
  readonly shm_size?: number;
  readonly oom_score_adj?: number;
  readonly ulimits?: Readonly<Record<string, number>>;
  readonly tmpfs?: readonly string[];
  readonly volumes?: readonly ComposeVolume[];
  readonly ports?: readonly string[];
  readonly dns?: readonly string[];
  readonly dns_search?: readonly string[];
  readonly dns_opt?: readonly string[];
  readonly extra_hosts?: readonly string[];
  readonly healthcheck?: ComposeHealth;
  readonly logging: { readonly driver: string; readonly options: Readonly<Record<string, string>> };
  readonly stop_signal?: string;
}

/** In the long form: with it a source that is not there is an error, and never made. */
export interface ComposeVolume {
  readonly type: "bind";
  readonly source: string;
  readonly target: string;
  readonly read_only: boolean;
}

export type ComposeHealth =
  | { readonly disable: true }
  | {
      readonly test: readonly string[];
      readonly interval: string;
      readonly timeout: string;
      readonly retries: number;
      readonly start_period: string;
    };
