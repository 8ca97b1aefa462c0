/*
 * The cheapest HTTP/1.1 server: one thread, epoll; reads heads, throws bodies away in the kernel (MSG_TRUNC), answers
 * every request with the same bytes. Counts requests and body bytes in a file that others map.
 *
 *     sink <counter file> <answer bytes>      prints its port on one line; ends with its stdin
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD = 16384, MOST_FDS = 65536, EVENTS = 512 };

struct client {
  size_t left; /* bytes of the present body still to come */
  size_t have; /* bytes of an unfinished head */
  char head[HEAD];
};

static struct client *clients[MOST_FDS];
static volatile uint64_t *counters; /* requests, body bytes, connections */
static char *answer;
static size_t answer_length;

static void drop(int fd) {
  close(fd);
  free(clients[fd]);
  clients[fd] = NULL;
}

static int respond(int fd) {
  counters[0]++;
  return send(fd, answer, answer_length, MSG_NOSIGNAL) == (ssize_t)answer_length ? 0 : -1;
}

/* Everything that lies in `head`: whole heads, and what bodies have come along. */
static int consume(int fd, struct client *client) {
  for (;;) {
    if (client->left > 0) {
      size_t taken = client->left < client->have ? client->left : client->have;
      client->left -= taken;
      client->have -= taken;
      memmove(client->head, client->head + taken, client->have);
      if (client->left > 0) return 0;
      if (respond(fd) < 0) return -1;
    }
    char *end = memmem(client->head, client->have, "\r\n\r\n", 4);
    if (end == NULL) return client->have == HEAD ? -1 : 0;
    *end = 0;
    char *length = strcasestr(client->head, "\r\ncontent-length:");
    size_t body = length == NULL ? 0 : strtoull(length + 17, NULL, 10);
    size_t head_bytes = (size_t)(end - client->head) + 4;
    client->have -= head_bytes;
    memmove(client->head, client->head + head_bytes, client->have);
    counters[1] += body;
    client->left = body;
    if (body == 0 && respond(fd) < 0) return -1;
  }
}

static int readable(int fd, struct client *client) {
  if (client->left > 0) {
    ssize_t thrown = recv(fd, NULL, client->left, MSG_TRUNC);
    if (thrown <= 0) return -1;
    client->left -= (size_t)thrown;
    return client->left == 0 ? respond(fd) : 0;
  }
  ssize_t got = recv(fd, client->head + client->have, HEAD - client->have, 0);
  if (got <= 0) return -1;
  client->have += (size_t)got;
  return consume(fd, client);
}

static void welcome(int epoll, int listener) {
  int one = 1;
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
  if (fd < 0 || fd >= MOST_FDS) return;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  clients[fd] = calloc(1, sizeof(struct client));
  counters[2]++;
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void prepare(const char *counter_file, size_t bytes) {
  int fd = open(counter_file, O_RDWR | O_CREAT, 0600);
  if (fd < 0 || ftruncate(fd, 4096) < 0) exit(1);
  counters = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  const char *open_text = "{\"outputs\":[],\"pad\":\"", *close_text = "\"}";
  size_t frame = strlen(open_text) + strlen(close_text);
  size_t pad = bytes > frame ? bytes - frame : 0;
  answer = malloc(bytes + 512);
  int head = sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                     pad + frame, open_text);
  memset(answer + head, 'x', pad);
  memcpy(answer + head + pad, close_text, strlen(close_text));
  answer_length = (size_t)head + pad + strlen(close_text);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  prepare(argv[1], strtoull(argv[2], NULL, 10));
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 4096) < 0) return 1;
  getsockname(listener, (struct sockaddr *)&address, &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS];
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  event.data.fd = 0;
  epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event);
  for (;;) {
    int ready = epoll_wait(epoll, events, EVENTS, -1);
    for (int at = 0; at < ready; at++) {
      int fd = events[at].data.fd;
      if (fd == 0) return 0;
      if (fd == listener) welcome(epoll, listener);
      else if (clients[fd] != NULL && readable(fd, clients[fd]) < 0) drop(fd);
    }
  }
}
