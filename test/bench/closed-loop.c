/*
 * What posting a body costs at least: a closed loop over keep-alive connections, one thread in epoll, the body sent from
 * where it lies; no clock, no histogram, of the answers only the first one is read. To tell what the machine allows.
 *
 *     closed-loop <port> <seconds> <connections> <body file>
 *     prints {"ok": n, "failed": n}
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 1024, HEAD_ROOM = 256 };

static char *request;
static size_t request_bytes, answer_bytes;
static size_t sent[MOST_CONNECTIONS], received[MOST_CONNECTIONS];
static char answer[1 << 16];

static double now_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static int read_request(const char *path) {
  struct stat about;
  FILE *file = fopen(path, "rb");
  if (file == NULL || fstat(fileno(file), &about) != 0) return -1;
  request = malloc(HEAD_ROOM + about.st_size);
  size_t head = snprintf(request, HEAD_ROOM, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %ld\r\n\r\n",
                         (long)about.st_size);
  request_bytes = head + fread(request + head, 1, about.st_size, file);
  fclose(file);
  return request_bytes == head + (size_t)about.st_size ? 0 : -1;
}

static int connected(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd < MOST_CONNECTIONS && connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

/* Until the kernel takes no more; -1 when the connection is broken. */
static int push(int fd) {
  while (sent[fd] < request_bytes) {
    ssize_t took = send(fd, request + sent[fd], request_bytes - sent[fd], MSG_DONTWAIT | MSG_NOSIGNAL);
    if (took < 0) return errno == EAGAIN ? 0 : -1;
    sent[fd] += took;
  }
  return 0;
}

/* All of them are as long as the first. */
static void learn_length(void) {
  char *length = strstr(answer, "Content-Length: "), *end = strstr(answer, "\r\n\r\n");
  if (length != NULL && end != NULL) answer_bytes = strtoul(length + 16, NULL, 10) + (end + 4 - answer);
}

/* Answers that came whole; -1 when the connection is broken. */
static int pull(int fd) {
  for (ssize_t got; (got = recv(fd, answer, sizeof answer - 1, MSG_DONTWAIT)) != -1; received[fd] += got) {
    if (got == 0) return -1;
    if (answer_bytes == 0) learn_length();
  }
  if (errno != EAGAIN) return -1;
  if (received[fd] == 0 || received[fd] < answer_bytes) return 0;
  received[fd] = sent[fd] = 0;
  return 1;
}

int main(int count, char **words) {
  if (count < 5 || read_request(words[4]) != 0) return 2;
  double until = now_s() + atof(words[2]);
  int poll = epoll_create1(0);
  for (int i = 0; i < atoi(words[3]); i++) {
    int fd = connected(atoi(words[1]));
    struct epoll_event wish = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd};
    if (fd < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, fd, &wish) != 0) return 1;
  }
  long ok = 0, failed = 0;
  struct epoll_event events[64];
  while (now_s() < until) {
    int ready = epoll_wait(poll, events, 64, 100);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd, ended = pull(fd);
      if (ended < 0 || push(fd) < 0) failed++, close(fd);
      else ok += ended;
    }
  }
  printf("{\"ok\": %ld, \"failed\": %ld}\n", ok, failed);
}
