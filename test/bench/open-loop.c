/*
 * What an open loop costs at least: Poisson arrivals, one thread that sleeps in epoll_pwait2 until a socket or an
 * arrival wants it, no histogram, no check of the answer. For the bench's ratio, and to tell what the machine allows.
 *
 *     open-loop <port> <requests per second> <warm-up s> <measured s> <connections> <seed>
 *     prints {"ok": n, "failed": n, "dispatchLagP99Ms": x}; the lag is that of the measured seconds
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 1024, EVENTS = 64, MOST_LAGS = 1 << 20 };

static const char request[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
static double lags[MOST_LAGS];
static int idle[MOST_CONNECTIONS];
static int idle_count;

static double now_ms(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}

static int ascending(const void *a, const void *b) {
  double difference = *(const double *)a - *(const double *)b;
  return (difference > 0) - (difference < 0);
}

static int open_connection(int port, int epoll) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) return -1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  struct epoll_event wish = {.events = EPOLLIN, .data.fd = fd};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &wish) < 0 ? -1 : fd;
}

static double gap_ms(double rate, unsigned *seed) {
  return -log((rand_r(seed) + 1.0) / (RAND_MAX + 2.0)) * 1e3 / rate;
}

int main(int count, char **words) {
  if (count < 7) return 2;
  int port = atoi(words[1]), connections = atoi(words[5]), epoll = epoll_create1(0);
  double rate = atof(words[2]), warm_ms = atof(words[3]) * 1e3, end_ms = warm_ms + atof(words[4]) * 1e3;
  unsigned seed = atoi(words[6]);
  prctl(PR_SET_TIMERSLACK, 1);
  for (int i = 0; i < connections && i < MOST_CONNECTIONS; i++) {
    int fd = open_connection(port, epoll);
    if (fd < 0) return 1;
    idle[idle_count++] = fd;
  }
  struct epoll_event events[EVENTS];
  char answer[65536];
  long ok = 0, failed = 0, measured = 0;
  double begin = now_ms(), due = begin;
  for (double at = begin; at < begin + end_ms; at = now_ms()) {
    while (due <= at && idle_count > 0) {
      if (send(idle[--idle_count], request, sizeof request - 1, MSG_NOSIGNAL) < 0) failed++;
      if (due - begin >= warm_ms && measured < MOST_LAGS) lags[measured++] = now_ms() - due;
      due += gap_ms(rate, &seed);
    }
    double left_ms = due - now_ms();
    struct timespec pause = {0, left_ms > 0 ? (long)(left_ms * 1e6) : 0};
    int ready = epoll_pwait2(epoll, events, EVENTS, &pause, NULL);
    for (int i = 0; i < ready; i++) {
      if (recv(events[i].data.fd, answer, sizeof answer, 0) > 0) ok++;
      else failed++;
      idle[idle_count++] = events[i].data.fd;
    }
  }
  qsort(lags, measured, sizeof *lags, ascending);
  printf("{\"ok\": %ld, \"failed\": %ld, \"dispatchLagP99Ms\": %.4f}\n", ok, failed, lags[measured * 99 / 100]);
  return 0;
}
