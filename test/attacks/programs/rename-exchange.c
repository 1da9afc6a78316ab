/* Swaps two folders in one system call: TARGET (protected) with OTHER (prepared). */
#include "attack.h"

int main(void) {
  started();
  if (syscall(SYS_renameat2, AT_FDCWD, setting("OTHER"), AT_FDCWD, setting("TARGET"), 2 /* RENAME_EXCHANGE */) != 0)
    blocked("renameat2");
  succeeded("exchanged %s", setting("TARGET"));
}
