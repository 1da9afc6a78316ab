/* Takes over a process that is not ours through /proc/PID/mem: every process seen is tried, most of all the unfiltered monitors. */
#include "attack.h"
#include <dirent.h>

/* Writes one byte of the process back onto itself: proof of power over it, and harmless. */
static int owns(int pid) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/%d/maps", pid);
  FILE *maps = fopen(path, "r");
  if (maps == NULL) return 0;
  unsigned long start = 0;
  if (fgets(line, sizeof line, maps) != NULL) start = strtoul(line, NULL, 16);
  fclose(maps);
  snprintf(path, sizeof path, "/proc/%d/mem", pid);
  int fd = open(path, O_RDWR);
  char byte;
  int done = fd >= 0 && start != 0 && pread(fd, &byte, 1, start) == 1 && pwrite(fd, &byte, 1, start) == 1;
  close(fd);
  return done;
}

int main(void) {
  started();
  DIR *proc = opendir("/proc");
  for (struct dirent *entry; proc != NULL && (entry = readdir(proc)) != NULL;) {
    int pid = atoi(entry->d_name);
    char name[64] = "", path[64];
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    int fd = pid > 0 && pid != getpid() ? open(path, O_RDONLY) : -1;
    if (fd < 0) continue;
    read_all(fd, name, sizeof name);
    close(fd);
    if (strncmp(name, "bwrap", 5) == 0 && owns(pid)) succeeded("wrote the memory of process %d, %s", pid, name);
  }
  errno = EPERM;
  blocked("no monitor's memory could be written");
}
