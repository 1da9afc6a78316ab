/* Makes itself root of a new user namespace and mounts: the way most kernel exploits begin. */
#include "attack.h"
#include <sched.h>
#include <sys/mount.h>

int main(void) {
  started();
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) blocked("unshare");
  if (mount("none", "/tmp", "tmpfs", 0, NULL) != 0) blocked("mount");
  succeeded("mounted a file system");
}
