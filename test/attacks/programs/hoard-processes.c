/* Makes WANTED processes that stay: what a fork bomb is after a second. */
#include "attack.h"

int main(void) {
  started();
  int wanted = atoi(setting("WANTED"));
  for (int made = 0; made < wanted; made++) {
    pid_t child = fork();
    if (child < 0) blocked("fork");
    if (child == 0) {
      pause();
      _exit(0);
    }
  }
  succeeded("%d processes at once", wanted);
}
