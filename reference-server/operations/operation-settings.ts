import { z } from 'zod';
import { secretSource } from '../secret.ts';

/** TLS at every door; with `clientCaFile` a caller must show a certificate that it has signed. */
export const tls = z.strictObject({
  /** PEM: the server's certificate, and those between it and its authority. */
  certFile: z.string().min(1),
  /** PEM: the key of the certificate. */
  keyFile: z.string().min(1),
  /** PEM: the authorities of the callers' certificates. */
  clientCaFile: z.string().min(1).optional(),
});
export type TlsSettings = z.infer<typeof tls>;

/** Who may call: whoever shows one of the tokens, as `Authorization: Bearer <token>`. One a line, in a file or variable. */
export const auth = z.strictObject({
  /** For everything but whether the server is alive and ready; left out: no token is needed. */
  tokens: secretSource.optional(),
  /** For what changes what is served; left out: `tokens` will do. */
  adminTokens: secretSource.optional(),
});
export type AuthSettings = z.infer<typeof auth>;

const milliseconds = z.int().min(100);

/** What one caller, and all of them, may take of the server. */
export const limits = z.strictObject({
  /** Infer requests that are being served or wait, at all doors together; beyond it 503. 0: any number. */
  concurrent: z.int().min(0).default(0),
  /** The same of one caller: a token, or without tokens an address; beyond it 429. 0: any number. */
  concurrentPerCaller: z.int().min(0).default(0),
  /** Open connections of each door; beyond it they are closed at once. 0: any number. */
  connections: z.int().min(0).default(0),
  /** What an answer 429 or 503 says of when to come again. */
  retryAfterMs: z.int().min(1).default(1000),
  /** Of all headers of a request together; beyond it 431. */
  headerBytes: z
    .int()
    .min(2048)
    .max(1024 * 1024)
    .default(16 * 1024),
  /** How long a connection's handshake, and a request's headers, may take; also the first of a connection. */
  headersMs: milliseconds.default(60_000),
  /** How long a whole request may take to arrive. */
  requestMs: milliseconds.default(300_000),
  /** How long a caller may take to read an answer. */
  answerMs: milliseconds.default(120_000),
});
export type LimitSettings = z.infer<typeof limits>;
