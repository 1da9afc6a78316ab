/* Writes to the kernel file TARGET the very value that it reads there (harmless, and proof enough that it could write any other). */
#include "attack.h"

int main(void) {
  started();
  const char *target = setting("TARGET");
  char text[4096] = "h";
  if (getenv("BLIND") == NULL) {
    int in = open(target, O_RDONLY);
    if (in < 0) blocked("open to read");
    read_all(in, text, sizeof text);
    close(in);
  }
  int out = open(target, O_WRONLY);
  if (out < 0) blocked("open to write");
  if (write(out, text, strlen(text)) < 0) blocked("write");
  succeeded("wrote %s", target);
}
