/* Reads a disk of the host below its file systems. */
#include "attack.h"

int main(void) {
  started();
  const char *disks[] = {"/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/xvda", "/dev/loop0", "/dev/ram0", NULL};
  char text[16];
  for (int i = 0; disks[i] != NULL; i++) {
    int fd = open(disks[i], O_RDONLY);
    if (fd >= 0 && read(fd, text, sizeof text) >= 0) succeeded("opened %s", disks[i]);
  }
  blocked("open of any disk");
}
