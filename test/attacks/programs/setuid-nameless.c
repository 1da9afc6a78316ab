/* Makes a setuid file that has no name at first: the flag is not O_CREAT, and the mode counts all the same. */
#include "attack.h"

int main(void) {
  started();
  int fd = open(".", O_TMPFILE | O_RDWR, 04755);
  if (fd < 0) blocked("open");
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  if (linkat(AT_FDCWD, path, AT_FDCWD, "shell", AT_SYMLINK_FOLLOW) != 0) blocked("linkat");
  struct stat facts;
  if (stat("shell", &facts) != 0 || !(facts.st_mode & S_ISUID)) blocked("the mode was not kept");
  succeeded("made a setuid file");
}
