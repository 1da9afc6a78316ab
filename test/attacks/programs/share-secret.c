/* Not an attack: keeps SECRET in a shared memory segment of the host until its input ends. */
#include "attack.h"
#include <sys/shm.h>

int main(void) {
  const char *secret = setting("SECRET");
  int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  char *at = id < 0 ? (void *)-1 : shmat(id, NULL, 0);
  if (at == (void *)-1) return 2;
  strcpy(at, secret);
  shmctl(id, IPC_RMID, NULL);
  puts("ready");
  fflush(stdout);
  char byte;
  while (read(0, &byte, 1) > 0) continue;
  return 0;
}
