/* Looks for a text that begins with WANTED_HEAD in the environment and command line of every process that can be seen. */
#include "attack.h"
#include <dirent.h>

int main(void) {
  started();
  const char *wanted = setting("WANTED_HEAD");
  static char text[1 << 17];
  int seen = 0;
  DIR *proc = opendir("/proc");
  for (struct dirent *entry; proc != NULL && (entry = readdir(proc)) != NULL;) {
    int pid = atoi(entry->d_name);
    if (pid <= 0 || pid == getpid()) continue;
    const char *kinds[] = {"environ", "cmdline"};
    for (int kind = 0; kind < 2; kind++) {
      char path[64];
      snprintf(path, sizeof path, "/proc/%d/%s", pid, kinds[kind]);
      int fd = open(path, O_RDONLY);
      if (fd < 0) continue;
      size_t n = read_all(fd, text, sizeof text);
      close(fd);
      seen++;
      char *at = memmem(text, n, wanted, strlen(wanted));
      /* Our own settings hold the head alone. */
      if (at != NULL && at[strlen(wanted)] != 0) succeeded("%s of process %d: %s", kinds[kind], pid, at);
    }
  }
  errno = seen > 0 ? ENOENT : EACCES;
  blocked("nothing found in other processes");
}
