import { createRequire } from 'node:module';

/** Numbers of Linux, the same on x86-64 and ARM64. */
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_MORE = 0x8000;
export const EPOLLIN = 0x1;
export const EPOLLOUT = 0x4;
export const EPOLLERR = 0x8;
export const EPOLLHUP = 0x10;
export const EPOLLRDHUP = 0x2000;
export const EPOLLET = 0x8000_0000;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_MOD = 3;
export const EINTR = 4;
export const EAGAIN = 11;
export const EINPROGRESS = 115;

const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0x800;
const SOCK_CLOEXEC = 0x8_0000;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const CLOCK_MONOTONIC = 1;
const TFD_TIMER_ABSTIME = 1;
const EPOLL_PWAIT2 = 441;
const MS_PER_S = 1000;
const NS_PER_MS = 1e6;

/**
 * The calls that an epoll loop consists of. A memory address is a number (user space ends below 2^53). Each call costs
 * what the kernel takes and about 130 ns; none allocates. -1: `errno` says why, until the next call.
 */
export interface LinuxCalls {
  addressOf(bytes: Uint8Array): number;
  errno(): number;
  /** A stream socket that never blocks. */
  socket(family: number): number;
  /** Small packets leave at once. */
  noDelay(fd: number): void;
  connect(fd: number, socketAddress: Uint8Array): number;
  /** What became of a connection in progress: 0, or an errno. */
  socketError(fd: number): number;
  send(fd: number, address: number, bytes: number, flags: number): number;
  /** What the `msghdr` at `message` names, in one call. */
  sendAll(fd: number, message: number, flags: number): number;
  receive(fd: number, address: number, bytes: number): number;
  close(fd: number): void;
  epoll(): number;
  /** `id` comes back with each event. */
  watch(epoll: number, operation: number, fd: number, events: number, id: number): number;
  /** Up to `most` events at `events`; waits for `waitMs`, in nanoseconds where that is short. */
  wait(epoll: number, events: number, most: number, waitMs: number): number;
  /** A descriptor that is readable from each of the given instants (monotonic clock) on, once a period. */
  ticker(firstAtMs: number, periodMs: number): number;
}

/** The words of `struct epoll_event`: packed on x86-64 only. */
export const EVENT_WORDS = process.arch === 'x64' ? 3 : 4;
export const EVENT_ID_WORD = process.arch === 'x64' ? 1 : 2;

let loaded: LinuxCalls | { readonly missing: string } | undefined;

/** Binds the C library, once a thread; or says why this system cannot. */
export function linuxCalls(): LinuxCalls | { readonly missing: string } {
  loaded ??= load();
  return loaded;
}

function load(): LinuxCalls | { readonly missing: string } {
  const system = `${process.platform}-${process.arch}`;
  if (system !== 'linux-x64' && system !== 'linux-arm64') return { missing: `not on ${system}` };
  try {
    const calls = bind(createRequire(import.meta.url)('koffi') as Koffi);
    const epoll = calls.epoll();
    const answered = epoll >= 0 ? calls.wait(epoll, 0, 1, 0.001) : -1;
    const refusal = calls.errno();
    if (epoll >= 0) calls.close(epoll);
    // EFAULT or EINVAL would tell of a call that exists; a kernel before 5.11 answers ENOSYS.
    return answered === 0 ? calls : { missing: `the kernel has no epoll_pwait2 (errno ${refusal})` };
  } catch (error) {
    return { missing: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) };
  }
}

type Koffi = typeof import('koffi');

function bind(koffi: Koffi): LinuxCalls {
  const libc = koffi.load('libc.so.6');
  const socket = libc.func('int socket(int, int, int)');
  const setOption = libc.func('int setsockopt(int, int, int, uintptr_t, uint32_t)');
  const getOption = libc.func('int getsockopt(int, int, int, uintptr_t, uintptr_t)');
  const connect = libc.func('int connect(int, void *, uint32_t)');
  const epollCreate = libc.func('int epoll_create1(int)');
  const epollControl = libc.func('int epoll_ctl(int, int, int, uintptr_t)');
  const epollWait = libc.func('int epoll_wait(int, uintptr_t, int, int)');
  const systemCall = libc.func(
    'intptr_t syscall(intptr_t, int, uintptr_t, int, uintptr_t, uintptr_t, size_t)',
  );
  const timerCreate = libc.func('int timerfd_create(int, int)');
  const timerSet = libc.func('int timerfd_settime(int, int, uintptr_t, uintptr_t)');
  const addressOf = (bytes: Uint8Array): number => Number(koffi.address(bytes));

  // Written before each call, read by the kernel during it.
  const words = new Uint32Array(64);
  const at = addressOf(new Uint8Array(words.buffer));
  const putTime = (word: number, ms: number): void => {
    const seconds = Math.floor(ms / MS_PER_S);
    words[word] = seconds;
    words[word + 1] = 0;
    words[word + 2] = Math.floor((ms - seconds * MS_PER_S) * NS_PER_MS);
    words[word + 3] = 0;
  };

  return {
    addressOf,
    errno: () => koffi.errno(),
    socket: (family) => socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
    noDelay(fd) {
      words[0] = 1;
      setOption(fd, IPPROTO_TCP, TCP_NODELAY, at, 4);
    },
    connect: (fd, socketAddress) => connect(fd, socketAddress, socketAddress.length),
    socketError(fd) {
      words[0] = 0;
      words[1] = 4;
      getOption(fd, SOL_SOCKET, SO_ERROR, at, at + 4);
      return words[0];
    },
    send: libc.func('int send(int, uintptr_t, size_t, int)'),
    sendAll: libc.func('int sendmsg(int, uintptr_t, int)'),
    receive: libc.func('int read(int, uintptr_t, size_t)'),
    close: libc.func('int close(int)'),
    epoll: () => epollCreate(SOCK_CLOEXEC),
    watch(epoll, operation, fd, events, id) {
      words[0] = events;
      words[EVENT_ID_WORD] = id;
      words[EVENT_ID_WORD + 1] = 0;
      return epollControl(epoll, operation, fd, at);
    },
    wait(epoll, events, most, waitMs) {
      if (waitMs <= 0) return epollWait(epoll, events, most, 0);
      putTime(0, waitMs);
      return systemCall(EPOLL_PWAIT2, epoll, events, most, at, 0, 0);
    },
    ticker(firstAtMs, periodMs) {
      const fd = timerCreate(CLOCK_MONOTONIC, SOCK_NONBLOCK | SOCK_CLOEXEC);
      putTime(0, periodMs);
      putTime(4, firstAtMs);
      timerSet(fd, TFD_TIMER_ABSTIME, at, 0);
      return fd;
    },
  };
}
