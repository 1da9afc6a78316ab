import type { CgroupFiles } from "../../host/cgroup/cgroup-files.ts";
import type { FileFacts } from "../../host/process/file-facts.ts";
import type { ProcessTable } from "../../host/process/process-table.ts";
import type { SeccompArch } from "../seccomp/seccomp-rules.ts";

/** What the docker engine sees of this machine, besides Docker. */
export interface DockerHost {
  readonly files: FileFacts;
  readonly processes: ProcessTable;
  readonly cgroups: Pick<CgroupFiles, "read">;
  readonly arch: SeccompArch;
  readonly processors: number;
}
