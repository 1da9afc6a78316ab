/* Writes a line into the kernel's log through /dev/kmsg: forged evidence for whoever reads it. */
#include "attack.h"

int main(void) {
  started();
  int fd = open("/dev/kmsg", O_WRONLY);
  if (fd < 0) blocked("open");
  if (write(fd, "<7>caisson test battery was here\n", 33) < 0) blocked("write");
  succeeded("wrote to the kernel's log");
}
