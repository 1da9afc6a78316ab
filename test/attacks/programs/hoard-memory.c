/* Takes WANTED megabytes of memory and uses every page. */
#include "attack.h"

int main(void) {
  started();
  int wanted = atoi(setting("WANTED"));
  for (int taken = 0; taken < wanted; taken++) {
    char *block = malloc(1 << 20);
    if (block == NULL) blocked("malloc");
    for (int page = 0; page < 1 << 20; page += 4096) block[page] = rand();
    /* Slowly enough that a watchdog, too, can show that it watches. */
    usleep(3000);
  }
  succeeded("%d megabytes in use", wanted);
}
