/* Pings TARGET through an unprivileged ICMP socket, with the marker as payload. */
#include "attack.h"
#include <arpa/inet.h>
#include <netinet/ip_icmp.h>

int main(void) {
  started();
  int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
  if (fd < 0) blocked("socket");
  struct sockaddr_in to = {.sin_family = AF_INET};
  inet_pton(AF_INET, setting("TARGET"), &to.sin_addr);
  struct timeval wait = {5, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  char packet[64] = {0};
  ((struct icmphdr *)packet)->type = ICMP_ECHO;
  snprintf(packet + sizeof(struct icmphdr), 40, "%s", setting("MARKER"));
  if (sendto(fd, packet, sizeof packet, 0, (struct sockaddr *)&to, sizeof to) < 0) blocked("sendto");
  int n = recv(fd, packet, sizeof packet - 1, 0);
  if (n <= (int)sizeof(struct icmphdr)) blocked("recv");
  packet[n] = 0;
  succeeded("pong %s", packet + sizeof(struct icmphdr));
}
