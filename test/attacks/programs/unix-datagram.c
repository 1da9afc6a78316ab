/* Sends to a datagram socket of the host through one end of a pair: making a pair is allowed, and a pair can be pointed elsewhere. */
#include "attack.h"

int main(void) {
  started();
  int pair[2];
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  strncpy(to.sun_path, setting("TARGET"), sizeof to.sun_path - 1);
  const char *marker = setting("MARKER");
  if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) != 0) blocked("socketpair");
  if (sendto(pair[0], marker, strlen(marker), 0, (struct sockaddr *)&to, sizeof to) < 0) blocked("sendto");
  succeeded("sent");
}
