/* Reads the kernel's log, which tells addresses, devices and what other processes did. */
#include "attack.h"
#include <sys/klog.h>

int main(void) {
  started();
  char text[256];
  int n = klogctl(3, text, sizeof text);
  if (n <= 0) blocked("syslog");
  succeeded("read %d bytes", n);
}
