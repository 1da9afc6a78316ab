/* Uses a virtual console's own ioctl, by which the screen's selection is read and pasted. */
#include "attack.h"
#include <termios.h>

int main(void) {
  started();
  if (setsid() < 0 && fork() != 0) {
    int status;
    wait(&status);
    return WEXITSTATUS(status);
  }
  setsid();
  int tty = open("/dev/tty63", O_RDWR);
  if (tty < 0) blocked("open /dev/tty63");
  char shift_state = 6;
  if (ioctl(tty, TIOCLINUX, &shift_state) != 0) blocked("TIOCLINUX");
  succeeded("asked the console");
}
