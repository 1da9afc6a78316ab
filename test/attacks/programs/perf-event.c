/* Opens a performance counter: a large, often broken part of the kernel that no agent needs. */
#include "attack.h"
#include <linux/perf_event.h>

int main(void) {
  started();
  struct perf_event_attr counter = {
      .type = PERF_TYPE_SOFTWARE, .size = sizeof counter, .config = PERF_COUNT_SW_TASK_CLOCK, .exclude_kernel = 1, .exclude_hv = 1};
  int fd = syscall(SYS_perf_event_open, &counter, 0, -1, -1, 0);
  if (fd < 0) blocked("perf_event_open");
  uint64_t count = 0;
  for (volatile int i = 0; i < 100000; i++) continue;
  if (read(fd, &count, sizeof count) != sizeof count || count == 0) blocked("read counter");
  succeeded("counted");
}
