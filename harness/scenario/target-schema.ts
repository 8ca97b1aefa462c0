import { z } from 'zod';
import { parseBase64, parseGrpcMethod, parseHex, parseHttpPath, parseUrl } from './field-values.ts';
import { choice, text, whole, yesNo } from './leaves.ts';
import { PROTOCOLS } from './target-spec.ts';

/** Fields about a server of the user's own. */

const http = z
  .strictObject({
    method: choice('The method', ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).prefault('GET'),
    path: text('The path, with its query', parseHttpPath).prefault('/'),
    headers: z
      .record(z.string(), text('Value of the header'))
      .prefault({})
      .describe('Headers of this request, besides those of the target'),
    body: text('The body, as text').optional(),
    bodyFile: text('A file that holds the body; the path is relative to the working folder').optional(),
    expectStatus: whole('The status of a good answer; left out: any from 200 to 299', 200, 599).optional(),
  })
  .describe('With protocol: http, the request that is sent, the same every time');

const grpc = z
  .strictObject({
    method: text('The method: /package.Service/Method', parseGrpcMethod, {
      examples: ['/inference.GRPCInferenceService/ServerLive'],
    }),
    call: choice('One message answers it, or a stream of them', ['unary', 'server-streaming']).prefault(
      'unary',
    ),
    metadata: z
      .record(z.string(), text('Value of the field'))
      .prefault({})
      .describe("Metadata of this call, besides the target's headers"),
    message: z
      .strictObject({
        base64: text('The bytes in base64', parseBase64).optional(),
        hex: text('The bytes as hexadecimal digits', parseHex).optional(),
        file: text('A file that holds the bytes; the path is relative to the working folder').optional(),
      })
      .prefault({})
      .describe('The encoded message, in one of three ways; left out: a message without fields'),
  })
  .describe('With protocol: grpc, the call that is made, the same every time');

const auth = z
  .strictObject({
    bearer: z
      .strictObject({ env: text('The environment variable that holds the token') })
      .describe('Sent as `Authorization: Bearer`; read when the run starts, and never recorded'),
  })
  .describe('How to be let in');

const tls = z
  .strictObject({
    ca: text('A PEM file of the authorities to trust, instead of the well-known ones').optional(),
    cert: text('A PEM file with our own certificate, where the server wants one').optional(),
    key: text('A PEM file with its key').optional(),
    insecure: yesNo('Any certificate will do').prefault(false),
  })
  .describe('Of an https or grpcs URL');

export const ownServer = {
  url: text('Your own server: http://host:port, https://, grpc://, grpcs:// or unix:/path', parseUrl, {
    examples: [
      'http://127.0.0.1:8000',
      'https://models.example.com',
      'grpc://127.0.0.1:8001',
      'unix:/run/server.sock',
    ],
  }).optional(),
  protocol: choice(
    'What the server speaks: oip-rest and oip-grpc are the Open Inference Protocol V2 over HTTP and gRPC; http and grpc are one request of your own',
    PROTOCOLS,
  ).prefault('oip-rest'),
  stream: yesNo(
    'With oip-grpc: requests share a stream for each connection, instead of being a call each',
  ).prefault(false),
  model: text("The model's name on your server").optional(),
  http: http.optional(),
  grpc: grpc.optional(),
  headers: z
    .record(z.string(), text('Value of the header; environment variables in the form of a shell'))
    .prefault({})
    .describe('HTTP headers sent with every request'),
  auth: auth.optional(),
  tls: tls.optional(),
  describe: z
    .strictObject({
      machine: text('The machine it runs on, by its name in the price book: aws/g5.xlarge').optional(),
    })
    .prefault({})
    .describe('What cannot be read from your server'),
};
