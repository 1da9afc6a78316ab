/* Looks at every open file beyond the three streams: one that leads to the host is a way out. */
#include "attack.h"
#include <dirent.h>

int main(void) {
  started();
  const char *wanted = setting("WANTED_HEAD");
  static char text[1 << 16];
  for (int fd = 3; fd < 1024; fd++) {
    if (fcntl(fd, F_GETFD) < 0) continue;
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    if (n > 0 && memmem(text, n, wanted, strlen(wanted)) != NULL) {
      text[n] = 0;
      succeeded("file %d holds %s", fd, (char *)memmem(text, n, wanted, strlen(wanted)));
    }
    struct stat facts;
    if (fstat(fd, &facts) == 0 && S_ISDIR(facts.st_mode) && openat(fd, setting("TARGET"), O_RDONLY) >= 0)
      succeeded("file %d is a folder of the host", fd);
  }
  errno = EBADF;
  blocked("no useful file is open");
}
