import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCalls } from '../support/grpc-calls.ts';
import {
  cCoreServer,
  type ForeignServer,
  grpcJsServer,
  NO_C_CORE,
  NO_NGHTTPD,
  NO_NGINX,
  nghttpdServer,
  nginxServer,
  selfSigned,
} from '../support/grpc-servers.ts';

const SOUND = { wrong: 0, outOfOrder: 0 };

describe.each([
  ['grpc-js', grpcJsServer, undefined],
  ['the C core', cCoreServer, NO_C_CORE],
] as const)('%s', (_, start, missing) => {
  describe.skipIf(missing !== undefined)(missing ?? 'as a server', () => {
    let server: ForeignServer;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server.stop());

    it('answers unary calls, many on each of several connections', async () => {
      const plan = { path: '/test.Test/Echo', calls: 600, inFlight: 64, connections: 3 };
      const made = await makeCalls(server.url, { ...plan, shared: Buffer.from('tensor') });
      expect(made).toMatchObject({ ...SOUND, outcomes: { ok: 600 }, items: 600, opened: 3, remarks: [] });
    });

    it('answers with streams of messages', async () => {
      const made = await makeCalls(server.url, {
        path: '/test.Test/Copies',
        calls: 40,
        call: 'server-streaming',
        shared: Buffer.alloc(50_000, 7),
      });
      expect(made).toMatchObject({ ...SOUND, outcomes: { ok: 40 }, items: 200 });
    });

    it('answers many requests on one stream', async () => {
      const plan = { path: '/test.Test/Chat', calls: 300, inFlight: 20, call: 'bidirectional' } as const;
      const made = await makeCalls(server.url, { ...plan, shared: Buffer.alloc(3000, 1) });
      expect(made).toMatchObject({ ...SOUND, outcomes: { ok: 300 }, items: 300 });
    });

    it('says why it refuses', async () => {
      const made = await makeCalls(server.url, { path: '/test.Test/Fail', calls: 20 });
      expect(made).toMatchObject({ ...SOUND, outcomes: { 'grpc-unavailable': 20 }, items: 0 });
      expect(made.remarks).toEqual(['grpc-unavailable: voll ü 100%']);
      const none = await makeCalls(server.url, { path: '/test.Test/None', calls: 3 });
      expect(none.outcomes).toEqual({ 'grpc-unimplemented': 3 });
    });

    it('is asked within its limit of streams', async () => {
      const small = await start(2);
      try {
        const plan = { path: '/test.Test/Echo', calls: 50, connections: 2 };
        expect(await makeCalls(small.url, plan)).toMatchObject({ ...SOUND, outcomes: { ok: 50 } });
      } finally {
        await small.stop();
      }
    });

    it('is not waited for beyond the timeout', async () => {
      const made = await makeCalls(server.url, { path: '/test.Test/Slow', calls: 4, timeoutMs: 60 });
      expect(made).toMatchObject({ ...SOUND, outcomes: { timeout: 4 } });
    });

    it('takes and gives back 64 MiB', async () => {
      const plan = { path: '/test.Test/Echo', calls: 1, shared: Buffer.alloc(2 ** 26 - 4, 'inferometer') };
      const made = await makeCalls(server.url, { ...plan, timeoutMs: 30_000 });
      expect(made).toMatchObject({ ...SOUND, outcomes: { ok: 1 } });
    }, 40_000);

    it('says goodbye under load, and no call is lost or asked twice over', async () => {
      const leaving = await start();
      try {
        const made = await makeCalls(leaving.url, {
          path: '/test.Test/Slow',
          calls: 24,
          inFlight: 8,
          onEnded: (ended) => {
            if (ended === 8) leaving.retire();
          },
        });
        const { ok = 0, ...refused } = made.outcomes;
        // Those that it had taken finish; there is nobody to take the others any more.
        expect(ok).toBeGreaterThanOrEqual(8);
        const allowed = ['connect-error', 'grpc-unavailable', 'grpc-cancelled'];
        expect(Object.keys(refused).filter((outcome) => !allowed.includes(outcome))).toEqual([]);
        expect(made).toMatchObject(SOUND);
      } finally {
        await leaving.stop();
      }
    });
  });
});

const secured = selfSigned();
describe.skipIf(secured === undefined)(secured === undefined ? 'without openssl' : 'behind TLS', () => {
  it('speaks h2, and trusts whom it is told to trust', async () => {
    const server = await grpcJsServer(1000, secured);
    const plan = { path: '/test.Test/Echo', calls: 200, inFlight: 20, shared: Buffer.alloc(20_000, 5) };
    const alpn = ['h2'];
    try {
      const tls = { alpn, ca: secured?.cert.toString() ?? '' };
      const made = await makeCalls(server.url, { ...plan, tls });
      expect(made).toMatchObject({ ...SOUND, outcomes: { ok: 200 }, opened: 1 });
      const wary = await makeCalls(server.url, { ...plan, calls: 2, tls: { alpn } });
      expect(wary.outcomes).toEqual({ 'connect-error': 2 });
    } finally {
      await server.stop();
    }
  });
});

describe.skipIf(NO_C_CORE !== undefined)(NO_C_CORE ?? 'a megabyte of trailers', () => {
  it('is refused, and the connection goes on', async () => {
    const server = await cCoreServer();
    try {
      const made = await makeCalls(server.url, { path: '/test.Test/LongTrailer', calls: 6, inFlight: 2 });
      expect(made).toMatchObject({ outcomes: { malformed: 6 }, outOfOrder: 0, opened: 1 });
    } finally {
      await server.stop();
    }
  });
});

describe.skipIf(NO_NGINX !== undefined)(NO_NGINX ?? 'nginx', () => {
  let backend: ForeignServer;
  beforeAll(async () => {
    backend = await grpcJsServer();
  });
  afterAll(() => backend.stop());

  const proxy = (options = ''): Promise<ForeignServer> =>
    nginxServer(`${options} location / { grpc_pass ${backend.url}; }`);

  it('passes calls on', async () => {
    const server = await proxy();
    try {
      const shared = Buffer.alloc(200_000, 3);
      const made = await makeCalls(server.url, { path: '/test.Test/Echo', calls: 60, inFlight: 8, shared });
      expect(made).toMatchObject({ ...SOUND, outcomes: { ok: 60 } });
      const fails = await makeCalls(server.url, { path: '/test.Test/Fail', calls: 5 });
      expect(fails.outcomes).toEqual({ 'grpc-unavailable': 5 });
    } finally {
      await server.stop();
    }
  });

  it('ends a connection every 20 requests, and every call is answered once', async () => {
    const server = await proxy('keepalive_requests 20;');
    try {
      const made = await makeCalls(server.url, { path: '/test.Test/Echo', calls: 400, inFlight: 16 });
      expect(made).toMatchObject({ ...SOUND, outcomes: { ok: 400 } });
      expect(made.opened).toBeGreaterThanOrEqual(20);
    } finally {
      await server.stop();
    }
  });

  it('reloads under load, and every call is answered once', async () => {
    const server = await proxy();
    try {
      const made = await makeCalls(server.url, {
        path: '/test.Test/Echo',
        calls: 600,
        inFlight: 16,
        onEnded: (ended) => {
          if (ended % 150 === 0) server.retire();
        },
      });
      expect(made).toMatchObject({ ...SOUND, outcomes: { ok: 600 } });
    } finally {
      await server.stop();
    }
  });

  it('answers by itself, with an HTTP status where it has no gRPC status', async () => {
    const server = await nginxServer(
      'location /busy { return 503; } location /denied { return 403; } location / { return 404; }',
    );
    try {
      for (const [path, outcome] of [
        ['/busy/x', 'grpc-unavailable'],
        ['/denied/x', 'grpc-permission-denied'],
        ['/none/x', 'grpc-unimplemented'],
      ] as const) {
        const made = await makeCalls(server.url, { path, calls: 5 });
        expect(made.outcomes).toEqual({ [outcome]: 5 });
      }
      // It answers before it has read the message, and then does not want the rest.
      const large = await makeCalls(server.url, { path: '/busy/x', calls: 3, shared: Buffer.alloc(2 ** 20) });
      expect(large.outcomes).toEqual({ 'grpc-unavailable': 3 });
    } finally {
      await server.stop();
    }
  });
});

describe.skipIf(NO_NGHTTPD !== undefined)(NO_NGHTTPD ?? 'nghttpd', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inferometer-files-'));
  const types = join(folder, 'mime.types');
  const message = Buffer.from('\0\0\0\0\x05abcde', 'latin1');
  beforeAll(() => {
    writeFileSync(types, 'application/grpc grpc\n');
    writeFileSync(join(folder, 'whole.grpc'), message);
    writeFileSync(join(folder, 'compressed.grpc'), Buffer.concat([Buffer.from([1]), message.subarray(1)]));
    writeFileSync(join(folder, 'short.grpc'), message.subarray(0, 8));
    writeFileSync(join(folder, 'two.grpc'), Buffer.concat([message, message]));
    writeFileSync(join(folder, 'page.html'), message);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const OK = '--trailer=grpc-status: 0';
  it.each([
    ['a message', 'whole.grpc', [OK], 'ok'],
    ['padded frames, one stream at a time', 'whole.grpc', [OK, '-b', '100', '-m', '1'], 'ok'],
    ['windows of one byte', 'whole.grpc', [OK, '-w', '1', '-W', '1'], 'ok'],
    ['another status', 'whole.grpc', ['--trailer=grpc-status: 7'], 'grpc-permission-denied'],
    ['no trailers', 'whole.grpc', [], 'malformed'],
    ['a compressed message', 'compressed.grpc', [OK], 'malformed'],
    ['two messages to a unary call', 'two.grpc', [OK], 'malformed'],
    ['a page', 'page.html', [OK], 'malformed'],
    ['half a message', 'short.grpc', [OK], 'truncated'],
    ['no such file', 'none', [], 'grpc-unimplemented'],
  ] as const)('%s', async (_, file, options, outcome) => {
    const server = await nghttpdServer(folder, [`--mime-types-file=${types}`, ...options]);
    try {
      const made = await makeCalls(server.url, { path: `/${file}`, calls: 5 });
      expect(made.outcomes).toEqual({ [outcome]: 5 });
      expect(made.outOfOrder).toBe(0);
    } finally {
      await server.stop();
    }
  });
});
