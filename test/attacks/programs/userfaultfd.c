/* Gets a userfaultfd, the favourite tool to hold the kernel still in the middle of a copy. */
#include "attack.h"

int main(void) {
  started();
  int fd = syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */ | O_CLOEXEC);
  if (fd < 0) blocked("userfaultfd");
  succeeded("holds a userfaultfd");
}
