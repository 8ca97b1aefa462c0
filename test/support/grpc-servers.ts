import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import grpc from '@grpc/grpc-js';
import { packageFile } from '../../harness/package-files.ts';

/** A server that somebody else wrote. */
export interface ForeignServer {
  readonly url: string;
  /** The gentle way: what is in flight may finish. Resolves at once. */
  retire(): void;
  stop(): Promise<void>;
}

const PYTHON = '/usr/bin/python3';

/** Why a server cannot be had here; undefined when it can. */
export const NO_C_CORE = missingUnless(
  'python3-grpcio',
  spawnSync(PYTHON, ['-c', 'import grpc'], { stdio: 'ignore' }).status === 0,
);
export const NO_NGINX = missingUnless('nginx-light', onPath('nginx') !== undefined);
export const NO_NGHTTPD = missingUnless('nghttp2-server', onPath('nghttpd') !== undefined);

function missingUnless(name: string, isThere: boolean): string | undefined {
  return isThere ? undefined : `without ${name}`;
}

function onPath(command: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin'];
  return folders.map((folder) => join(folder, command)).find((file) => existsSync(file));
}

const AS_BYTES = {
  requestSerialize: (bytes: Buffer) => bytes,
  requestDeserialize: (bytes: Buffer) => bytes,
  responseSerialize: (bytes: Buffer) => bytes,
  responseDeserialize: (bytes: Buffer) => bytes,
};
const COPIES = 5;

/** The same service as grpc-server.py's, by grpc-js, in this process; `secured` by a key and its certificate. */
export async function grpcJsServer(
  streams = 1000,
  secured?: { readonly key: Buffer; readonly cert: Buffer },
): Promise<ForeignServer> {
  const server = new grpc.Server({
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': streams,
  });
  const method = (name: string, requestStream = false, responseStream = false) => ({
    path: `/test.Test/${name}`,
    requestStream,
    responseStream,
    ...AS_BYTES,
  });
  server.addService(
    {
      Echo: method('Echo'),
      Slow: method('Slow'),
      Fail: method('Fail'),
      Copies: method('Copies', false, true),
      Chat: method('Chat', true, true),
    },
    {
      Echo: (call: grpc.ServerUnaryCall<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) =>
        answer(null, call.request),
      Slow: (call: grpc.ServerUnaryCall<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) =>
        setTimeout(() => answer(null, call.request), 200),
      Fail: (_: unknown, answer: grpc.sendUnaryData<Buffer>) => answer({ code: 14, details: 'voll ü 100%' }),
      Copies: (call: grpc.ServerWritableStream<Buffer, Buffer>) => {
        for (let copy = 0; copy < COPIES; copy++) call.write(call.request);
        call.end();
      },
      Chat: (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
        call.on('data', (message: Buffer) => call.write(message));
        call.on('end', () => call.end());
      },
    },
  );
  const credentials =
    secured === undefined
      ? grpc.ServerCredentials.createInsecure()
      : grpc.ServerCredentials.createSsl(null, [{ private_key: secured.key, cert_chain: secured.cert }]);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    url: `${secured === undefined ? 'grpc' : 'grpcs'}://127.0.0.1:${port}`,
    retire: () => server.tryShutdown(() => {}),
    stop: async () => server.forceShutdown(),
  };
}

/** The service of grpc-server.py, by gRPC's C core. */
export async function cCoreServer(streams = 1000): Promise<ForeignServer> {
  const child = spawn(PYTHON, [packageFile('test', 'support', 'grpc-server.py'), String(streams)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (line: Buffer) => resolve(line.toString().trim()));
    child.once('exit', () => reject(new Error('the Python server did not start')));
  });
  return {
    url: `grpc://127.0.0.1:${port}`,
    retire: () => child.stdin.write('\n'),
    stop: () => stopped(child),
  };
}

/** A key and a certificate of its own for localhost; undefined where openssl is missing. */
export function selfSigned(): { key: Buffer; cert: Buffer } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'inferometer-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const files = ['-keyout', key, '-out', cert];
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, ...files], {
    stdio: 'ignore',
  });
  try {
    return made.status === 0 ? { key: readFileSync(key), cert: readFileSync(cert) } : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** nginx over HTTP/2 without TLS; `locations` goes into its server block. */
export async function nginxServer(locations: string): Promise<ForeignServer> {
  const folder = mkdtempSync(join(tmpdir(), 'inferometer-nginx-'));
  const port = await freePort();
  const places = ['client_body_temp_path', 'proxy_temp_path', 'fastcgi_temp_path', 'uwsgi_temp_path'];
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
     events { worker_connections 256; }
     http {
       access_log off; client_max_body_size 0;
       ${places.map((place) => `${place} ${folder}/${place};`).join(' ')}
       scgi_temp_path ${folder}/scgi; server { listen 127.0.0.1:${port} http2; ${locations} }
     }`,
  );
  const child = spawn(
    onPath('nginx') ?? '',
    ['-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')],
    {
      stdio: 'ignore',
    },
  );
  await listening(port, child);
  return {
    url: `grpc://127.0.0.1:${port}`,
    retire: () => child.kill('SIGHUP'),
    stop: async () => {
      await stopped(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** nghttpd serving a folder of files, without TLS. */
export async function nghttpdServer(folder: string, options: readonly string[]): Promise<ForeignServer> {
  const port = await freePort();
  const child = spawn(
    onPath('nghttpd') ?? '',
    ['--no-tls', '--address=127.0.0.1', '-d', folder, ...options, String(port)],
    { stdio: 'ignore' },
  );
  await listening(port, child);
  return { url: `grpc://127.0.0.1:${port}`, retire: () => {}, stop: () => stopped(child) };
}

function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 1000).unref();
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const answer = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      (error: { cause?: { code?: string } }) => error.cause?.code !== 'ECONNREFUSED',
    );
    if (answer) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the server does not listen');
}
