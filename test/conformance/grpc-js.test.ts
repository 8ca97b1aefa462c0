import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  status,
} from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startNullServer } from '../../harness/doctor/start-null-server.ts';
import { GrpcJsTransport } from '../../harness/transports/grpc-js.ts';
import type { Sink, Template } from '../../harness/transports/transport.ts';

const bytes = (value: Buffer): Buffer => value;
const METHOD = {
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
};
const unary = (path: string) => ({ ...METHOD, path, requestStream: false, responseStream: false });

const echo: handleUnaryCall<Buffer, Buffer> = (call, done) => done(null, call.request);
const refuse: handleUnaryCall<Buffer, Buffer> = (_, done) =>
  done({ code: status.RESOURCE_EXHAUSTED, details: 'full' });
const twice: handleServerStreamingCall<Buffer, Buffer> = (call) => {
  call.write(call.request);
  call.write(call.request);
  call.end();
};
const count = { calls: 0 };

async function listening(): Promise<{ server: Server; url: string }> {
  const server = new Server();
  server.addService(
    {
      echo: unary('/test.Service/Echo'),
      refuse: unary('/test.Service/Refuse'),
      never: unary('/test.Service/Never'),
      twice: { ...unary('/test.Service/Twice'), responseStream: true },
    },
    {
      echo: (...args: Parameters<typeof echo>) => {
        count.calls += 1;
        echo(...args);
      },
      refuse,
      never: () => {},
      twice,
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { server, url: `grpc://127.0.0.1:${port}` };
}

/** Writes down what a request came to. */
class Witness implements Sink {
  readonly events: string[] = [];
  readonly bodies: string[] = [];
  #ended: () => void = () => {};
  #wanted = 1;

  ends(wanted: number): Promise<void> {
    this.#wanted = wanted;
    return new Promise((resolve) => {
      this.#ended = resolve;
    });
  }

  sent(slot: number): void {
    this.events.push(`${slot} sent`);
  }

  head(slot: number, code: number): void {
    this.events.push(`${slot} status ${code}`);
  }

  data(_slot: number, buffer: Buffer, from: number, to: number): void {
    this.bodies.push(buffer.toString('latin1', from, to));
  }

  item(slot: number): void {
    this.events.push(`${slot} message`);
  }

  end(slot: number, outcome: string): void {
    this.events.push(`${slot} ${outcome}`);
    this.#wanted -= 1;
    if (this.#wanted === 0) this.#ended();
  }
}

function template(path: string, more: Partial<Template> = {}): Template {
  return {
    method: 'POST',
    path,
    headers: [['x-tag', 'a']],
    own: Buffer.from('0000'),
    shared: Buffer.from('-rest'),
    stamp: (buffer, at, index) => void buffer.write(String(index).padStart(4, '0'), at, 'latin1'),
    ...more,
  };
}

let witness: Witness;
let transport: GrpcJsTransport;
let service: Awaited<ReturnType<typeof listening>>;

function transportTo(url: string, timeoutMs = 2000): GrpcJsTransport {
  return new GrpcJsTransport({
    url,
    headers: { 'User-Agent': 'test' },
    timeoutMs,
    now: () => performance.now(),
    sink: witness,
  });
}

describe('the grpc-js transport', () => {
  beforeAll(async () => {
    service = await listening();
  });
  afterAll(() => service.server.forceShutdown());
  beforeEach(() => {
    witness = new Witness();
    transport = transportTo(service.url);
  });
  afterEach(() => transport.close());

  it('stamps, sends and takes one answer for each call, over several connections', async () => {
    await transport.connect(2);
    expect(transport.connectStatistics.opened).toBe(2);
    const request = transport.prepare(template('/test.Service/Echo'));
    const before = count.calls;
    const done = witness.ends(20);
    for (let slot = 0; slot < 20; slot++) transport.send(request, slot, slot);
    await done;
    expect(count.calls - before).toBe(20);
    expect([...witness.bodies].sort()).toEqual(
      Array.from({ length: 20 }, (_, slot) => `${String(slot).padStart(4, '0')}-rest`),
    );
    expect(witness.events.filter((one) => one.startsWith('7 '))).toEqual([
      '7 sent',
      '7 message',
      '7 status 0',
      '7 complete',
    ]);
  });

  it.each([
    ['/test.Service/Refuse', ['0 sent', '0 status 8', '0 complete']],
    ['/test.Service/Unknown', ['0 sent', '0 status 12', '0 complete']],
  ])('hands over the status of %s', async (path, events) => {
    await transport.connect(1);
    const done = witness.ends(1);
    transport.send(transport.prepare(template(path)), 0, 0);
    await done;
    expect(witness.events).toEqual(events);
  });

  it('takes every message of a stream', async () => {
    await transport.connect(1);
    const done = witness.ends(1);
    transport.send(transport.prepare(template('/test.Service/Twice', { call: 'server-streaming' })), 0, 5);
    await done;
    expect(witness.events).toEqual(['0 sent', '0 message', '0 message', '0 status 0', '0 complete']);
    expect(witness.bodies).toEqual(['0005-rest', '0005-rest']);
  });

  it('refuses bidirectional calls before any load', () => {
    expect(() => transport.prepare(template('/x', { call: 'bidirectional' }))).toThrow(/server-streaming/);
  });

  it('times out where no answer comes', async () => {
    const hasty = transportTo(service.url, 100);
    await hasty.connect(1);
    const done = witness.ends(1);
    hasty.send(hasty.prepare(template('/test.Service/Never')), 0, 0);
    await done;
    hasty.close();
    expect(witness.events).toEqual(['0 sent', '0 timeout']);
  });

  it('ends a call whose connection breaks with reset, and one without a server with connect-error', async () => {
    const own = await listening();
    const broken = transportTo(own.url);
    await broken.connect(1);
    const done = witness.ends(1);
    broken.send(broken.prepare(template('/test.Service/Never')), 0, 0);
    setTimeout(() => own.server.forceShutdown(), 100);
    await done;
    const refused = witness.ends(1);
    broken.send(broken.prepare(template('/test.Service/Echo')), 1, 1);
    await refused;
    broken.close();
    expect(witness.events).toEqual(['0 sent', '0 reset', '1 sent', '1 connect-error']);
  });

  it('is answered by the null server, which counts its calls', async () => {
    const nothing = await startNullServer(undefined);
    const toNothing = transportTo(nothing.url.replace('http:', 'grpc:'));
    await toNothing.connect(1);
    const request = toNothing.prepare(template('/any.Service/Method'));
    const done = witness.ends(50);
    for (let slot = 0; slot < 50; slot++) toNothing.send(request, slot, slot);
    await done;
    expect(witness.events.filter((one) => one.endsWith('complete'))).toHaveLength(50);
    expect(await nothing.requests()).toBe(50);
    toNothing.close();
    await nothing.stop();
  });
});
