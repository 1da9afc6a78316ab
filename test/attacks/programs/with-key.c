/* Not an attack: puts a key into a new session keyring, as a desktop session would, and runs a command with it. */
#include "attack.h"
#include <linux/keyctl.h>

int main(int count, char **words) {
  if (count < 4) return 2;
  if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0) return 3;
  if (syscall(SYS_add_key, "user", words[1], words[2], strlen(words[2]), KEY_SPEC_SESSION_KEYRING) < 0) return 4;
  execvp(words[3], words + 3);
  return 5;
}
