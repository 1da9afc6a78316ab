/* Mounts an empty file system over TARGET, or with UNMOUNT=1 takes away what protects it, then writes there. */
#include "attack.h"
#include <sys/mount.h>

int main(void) {
  started();
  const char *target = setting("TARGET");
  if (getenv("UNMOUNT") != NULL) {
    if (umount2(target, MNT_DETACH) != 0) blocked("umount");
  } else if (mount("none", target, "tmpfs", 0, NULL) != 0) {
    blocked("mount");
  }
  succeeded("changed the mounts");
}
