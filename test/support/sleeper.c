// Sleeps a millisecond at a time on one core and notes by how much each wake was late: what the machine does to a
// program that asks for nothing else. At SIGTERM it prints, of all its time, the share in which an arrival would have
// waited longer than 2 ms, and longer than 0.25 ms: of a wake that was g late, the moments until g - x before it.
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

static volatile sig_atomic_t over;

static void stop(int signal) { over = signal; }

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}

static double beyond(double late, double limit) { return late > limit ? late - limit : 0; }

int main(int count, char **words) {
  cpu_set_t core;
  CPU_ZERO(&core);
  CPU_SET(count > 1 ? atoi(words[1]) : 0, &core);
  if (sched_setaffinity(0, sizeof core, &core) != 0) return 1;
  prctl(PR_SET_TIMERSLACK, 1);
  signal(SIGTERM, stop);
  double from = now(), at = from, most = 0, over2 = 0, over025 = 0;
  while (!over && at - from < 60e3) {
    struct timespec pause = {0, 1000000};
    nanosleep(&pause, 0);
    double next = now(), late = next - at - 1;
    over2 += beyond(late, 2);
    over025 += beyond(late, 0.25);
    if (late > most) most = late;
    at = next;
  }
  printf("%f %f %f\n", over2 / (at - from), over025 / (at - from), most);
  return 0;
}
