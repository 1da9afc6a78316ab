/* Connects straight to TARGET (an IPv4 or IPv6 address, %scope allowed) without the proxy. */
#include "attack.h"
#include <netdb.h>

int main(void) {
  started();
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *to;
  if (getaddrinfo(setting("TARGET"), setting("PORT"), &hints, &to) != 0) blocked("address");
  int fd = socket(to->ai_family, SOCK_STREAM, 0);
  if (fd < 0) blocked("socket");
  struct timeval wait = {10, 0};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  if (connect(fd, to->ai_addr, to->ai_addrlen) != 0) blocked("connect");
  char text[600];
  int n = snprintf(text, sizeof text, "GET /%s HTTP/1.0\r\nHost: x\r\n\r\n", setting("MARKER"));
  if (write(fd, text, n) != n) blocked("write");
  size_t used = 0;
  while ((n = read(fd, text + used, sizeof text - 1 - used)) > 0) {
    used += n;
    text[used] = 0;
    if (strstr(text, "seen ") != NULL) break;
  }
  if (used == 0) blocked("read");
  succeeded("%s", text);
}
