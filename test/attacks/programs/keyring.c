/* Reads a key of the person's own keyring, which processes inherit like nothing else. */
#include "attack.h"
#include <linux/keyctl.h>

int main(void) {
  started();
  long key = syscall(SYS_request_key, "user", setting("TARGET"), NULL, 0);
  if (key < 0) blocked("request_key");
  char text[256] = {0};
  if (syscall(SYS_keyctl, KEYCTL_READ, key, text, sizeof text - 1) < 0) blocked("keyctl read");
  succeeded("%s", text);
}
