/* What every attack program has in common: it says that it started, then either shows its evidence or what stopped it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((unused)) static void started(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  puts("ATTACK-STARTED");
}

__attribute__((unused, noreturn)) static void succeeded(const char *format, ...) {
  va_list values;
  va_start(values, format);
  printf("ATTACK-SUCCEEDED ");
  vprintf(format, values);
  puts("");
  exit(0);
}

/* Ends the attack, naming the step that failed and the reason the kernel gave. */
__attribute__((unused, noreturn)) static void blocked(const char *step) {
  printf("ATTACK-BLOCKED %s: %s\n", step, strerror(errno));
  exit(1);
}

__attribute__((unused)) static const char *setting(const char *name) {
  const char *value = getenv(name);
  if (value == NULL) {
    printf("ATTACK-BROKEN no %s\n", name);
    exit(2);
  }
  return value;
}

/* Reads all that `fd` gives (up to the buffer) as a string. */
__attribute__((unused)) static size_t read_all(int fd, char *buffer, size_t size) {
  size_t used = 0;
  ssize_t n;
  while (used < size - 1 && (n = read(fd, buffer + used, size - 1 - used)) > 0) used += n;
  buffer[used] = 0;
  return used;
}

/* Connects to a unix socket, by path or (with '@') abstract name, and shows the first line it gives. */
__attribute__((unused, noreturn)) static void read_unix(int fd, const char *path) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  socklen_t length = sizeof to;
  strncpy(to.sun_path, path, sizeof to.sun_path - 1);
  if (path[0] == '@') {
    to.sun_path[0] = 0;
    length = offsetof(struct sockaddr_un, sun_path) + strlen(path);
  }
  char text[512];
  if (connect(fd, (struct sockaddr *)&to, length) != 0) blocked("connect");
  if (write(fd, "GET / HTTP/1.0\r\n\r\n", 18) < 0) blocked("write");
  if (read_all(fd, text, sizeof text) == 0) blocked("read");
  succeeded("%s", text);
}
