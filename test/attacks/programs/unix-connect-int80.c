/* Makes the unix socket through the 32-bit system call table, which a filter for x86-64 alone would not look at. */
#include "attack.h"

int main(void) {
  started();
#ifdef __x86_64__
  long fd;
  /* i386: 359 = socket(domain, type, protocol) */
  __asm__ volatile("int $0x80" : "=a"(fd) : "a"(359), "b"(AF_UNIX), "c"(SOCK_STREAM), "d"(0) : "memory", "r8", "r9", "r10", "r11");
  if (fd < 0) {
    errno = -fd;
    blocked("i386 socket");
  }
  read_unix(fd, setting("TARGET"));
#else
  errno = ENOSYS;
  blocked("no second system call table on this processor");
#endif
}
