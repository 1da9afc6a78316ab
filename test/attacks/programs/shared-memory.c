/* Attaches every System V shared memory segment it can find and looks for WANTED_HEAD. */
#include "attack.h"
#include <sys/shm.h>

int main(void) {
  started();
  const char *wanted = setting("WANTED_HEAD");
  struct shmid_ds facts;
  int last = shmctl(0, SHM_INFO, &facts);
  for (int i = 0; i <= last; i++) {
    int id = shmctl(i, SHM_STAT, &facts);
    char *at = id < 0 ? (void *)-1 : shmat(id, NULL, SHM_RDONLY);
    if (at == (void *)-1) continue;
    if (strncmp(at, wanted, strlen(wanted)) == 0) succeeded("%s", at);
  }
  errno = ENOENT;
  blocked("no segment of the host is seen");
}
