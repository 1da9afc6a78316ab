/* Connects to a unix socket of the host: TARGET is a path, or @name for an abstract one. */
#include "attack.h"

int main(void) {
  started();
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) blocked("socket");
  read_unix(fd, setting("TARGET"));
}
