/* Sends one datagram to TARGET and waits for the answer. */
#include "attack.h"
#include <netdb.h>

int main(void) {
  started();
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM}, *to;
  if (getaddrinfo(setting("TARGET"), setting("PORT"), &hints, &to) != 0) blocked("address");
  int fd = socket(to->ai_family, SOCK_DGRAM, 0);
  if (fd < 0) blocked("socket");
  struct timeval wait = {5, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  const char *marker = setting("MARKER");
  if (sendto(fd, marker, strlen(marker), 0, to->ai_addr, to->ai_addrlen) < 0) blocked("sendto");
  char text[600];
  int n = recv(fd, text, sizeof text - 1, 0);
  if (n <= 0) blocked("recv");
  text[n] = 0;
  succeeded("%s", text);
}
