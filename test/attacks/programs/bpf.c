/* Makes a bpf map: the door to loading programs into the kernel. */
#include "attack.h"
#include <linux/bpf.h>

int main(void) {
  started();
  union bpf_attr map = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
  int fd = syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof map);
  if (fd < 0) blocked("bpf");
  succeeded("holds a bpf map");
}
