import { createRequire } from 'node:module';
import type { LinuxCalls } from '../../harness/transports/linux-calls.ts';
import { nativeCalls } from './answers-of.ts';

const SOL_SOCKET = 1;
const SO_SNDBUF = 7;

/** What `send` did, in numbers. */
export interface SendTally {
  /** Took a part of what it was given. */
  partial: number;
  /** Took nothing, because there was no room. */
  full: number;
}

/** The calls of the C library, whose sockets have room for so few bytes that they take a large body in many pieces. */
export function tightCalls(sendBufferBytes: number): { calls: LinuxCalls; tally: SendTally } {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const setOption = koffi.load('libc.so.6').func('int setsockopt(int, int, int, void *, uint32_t)');
  const calls = nativeCalls();
  const words = (address: number, count: number): number[] =>
    Array.from(koffi.decode(BigInt(address), koffi.array('uint64', count)) as BigUint64Array, Number);
  /** What the `msghdr` there names: its list, and how long that is, are its third and fourth word. */
  const bytesOf = (message: number): number => {
    const [, , list = 0, length = 0] = words(message, 4);
    return words(list, 2 * length).reduce((sum, word, index) => (index % 2 === 1 ? sum + word : sum), 0);
  };
  const tally = { partial: 0, full: 0 };
  const room = Buffer.alloc(4);
  room.writeInt32LE(sendBufferBytes);
  return {
    tally,
    calls: {
      ...calls,
      socket(family) {
        const fd = calls.socket(family);
        if (setOption(fd, SOL_SOCKET, SO_SNDBUF, room, 4) !== 0) throw new Error('SO_SNDBUF is refused');
        return fd;
      },
      send(fd, address, bytes, flags) {
        const sent = calls.send(fd, address, bytes, flags);
        if (sent < 0) tally.full += 1;
        else if (sent < bytes) tally.partial += 1;
        return sent;
      },
      sendAll(fd, message, flags) {
        const bytes = bytesOf(message);
        const sent = calls.sendAll(fd, message, flags);
        if (sent < 0) tally.full += 1;
        else if (sent < bytes) tally.partial += 1;
        return sent;
      },
    },
  };
}
