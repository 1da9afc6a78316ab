/* Attaches to the process whose command line holds TARGET (another exec of this sandbox) and reads its memory. */
#include "attack.h"
#include <dirent.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

static int find(const char *wanted) {
  char path[300], text[4096];
  DIR *proc = opendir("/proc");
  for (struct dirent *entry; proc != NULL && (entry = readdir(proc)) != NULL;) {
    int pid = atoi(entry->d_name);
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    int fd = pid > 0 && pid != getpid() ? open(path, O_RDONLY) : -1;
    if (fd < 0) continue;
    size_t n = read_all(fd, text, sizeof text);
    close(fd);
    if (strncmp(text, wanted, strlen(wanted)) == 0 && n > 0) return pid;
  }
  return 0;
}

int main(void) {
  started();
  // The victim may have been forked, and not become itself yet.
  int pid = 0;
  for (int tries = 0; pid == 0 && tries < 500; tries++) {
    pid = find(setting("TARGET"));
    if (pid == 0) usleep(10000);
  }
  if (pid == 0) {
    errno = ESRCH;
    blocked("victim not found");
  }
  if (getenv("BY_VM") == NULL) {
    if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) != 0) blocked("ptrace");
    waitpid(pid, NULL, 0);
    ptrace(PTRACE_DETACH, pid, NULL, NULL);
    succeeded("traced process %d", pid);
  }
  char byte, path[64], line[256];
  snprintf(path, sizeof path, "/proc/%d/maps", pid);
  FILE *maps = fopen(path, "r");
  if (maps == NULL || fgets(line, sizeof line, maps) == NULL) blocked("maps");
  struct iovec here = {&byte, 1}, there = {(void *)strtoul(line, NULL, 16), 1};
  if (process_vm_readv(pid, &here, 1, &there, 1, 0) != 1) blocked("process_vm_readv");
  succeeded("read the memory of process %d", pid);
}
