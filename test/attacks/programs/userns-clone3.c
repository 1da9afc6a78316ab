/* The same through clone3, whose flags lie in memory where a filter cannot look. */
#include "attack.h"
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>

int main(void) {
  started();
  struct clone_args wanted = {.flags = CLONE_NEWUSER | CLONE_NEWNS, .exit_signal = SIGCHLD};
  long child = syscall(SYS_clone3, &wanted, sizeof wanted);
  if (child < 0) blocked("clone3");
  if (child == 0) _exit(mount("none", "/tmp", "tmpfs", 0, NULL) == 0 ? 0 : errno);
  int status;
  waitpid(child, &status, 0);
  errno = WEXITSTATUS(status);
  if (status != 0) blocked("mount");
  succeeded("mounted a file system");
}
