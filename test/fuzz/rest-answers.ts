import { gunzipSync, inflateSync } from 'node:zlib';
import { FuzzFailure } from './fate.ts';

export interface RestAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** Unpacked. */
  readonly body: Buffer;
}

/** The answers on one connection, read as RFC 9112 has them: each with its length. Undefined while the last is not whole. */
export function restAnswers(bytes: Buffer): RestAnswer[] | undefined {
  const answers: RestAnswer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const headEnd = bytes.indexOf('\r\n\r\n', at);
    if (headEnd === -1) return undefined;
    const [line = '', ...fields] = bytes.toString('latin1', at, headEnd).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1] ?? fail(`the answer begins with ${line}`));
    const headers = new Map(fields.map(fieldOf));
    at = headEnd + 4;
    if (status === 100) continue;
    const length = Number(headers.get('content-length') ?? fail(`an answer ${status} without a length`));
    if (at + length > bytes.length) return undefined;
    answers.push({ status, headers, body: unpacked(bytes.subarray(at, at + length), headers) });
    at += length;
  }
  return answers;
}

function fieldOf(field: string): readonly [string, string] {
  const [, name = '', value = ''] =
    /^([!#$%&'*+.^_`|~\w-]+): (.*)$/.exec(field) ?? fail(`the header ${field}`);
  return [name.toLowerCase(), value];
}

function unpacked(body: Buffer, headers: ReadonlyMap<string, string>): Buffer {
  const coding = headers.get('content-encoding');
  if (coding === undefined) return body;
  return coding === 'gzip' ? gunzipSync(body) : inflateSync(body);
}

/** What malformed requests may be answered; a 5xx but `not implemented` would be a fault of the server's. */
function isAllowed(status: number): boolean {
  return status === 200 || status === 501 || (status >= 400 && status < 500);
}

/** Throws where an answer is not one that a client could read: a reason in JSON, or tensors as long as their shapes say. */
export function expectReadable({ status, headers, body }: RestAnswer): void {
  if (!isAllowed(status)) fail(`status ${status}: ${body.toString('latin1').slice(0, 300)}`);
  if (status !== 200) {
    const { error } = parsed(body) as { error?: unknown };
    if (typeof error !== 'string' || error === '') fail(`${status} without a reason: ${body}`);
    return;
  }
  if (headers.get('content-type')?.startsWith('text/plain') || body.length === 0) return;
  const end = Number(headers.get('inference-header-content-length') ?? body.length);
  const { outputs } = parsed(body.subarray(0, end)) as { outputs?: readonly Output[] };
  let tail = end;
  for (const output of outputs ?? []) {
    tail += output.parameters?.binary_data_size ?? 0;
    const count = output.shape?.reduce((product, size) => product * size, 1);
    if (output.data !== undefined && output.data.length !== count) fail(`data of ${JSON.stringify(output)}`);
  }
  if (tail !== body.length) fail(`${body.length - tail} bytes too many behind the answer's JSON`);
}

interface Output {
  readonly name: string;
  readonly shape?: readonly number[];
  readonly data?: readonly unknown[];
  readonly parameters?: { readonly binary_data_size?: number };
}

/** The numbers of the first output of a float model, in whichever form. */
export function floatsIn({ headers, body }: RestAnswer): number[] {
  const end = Number(headers.get('inference-header-content-length') ?? body.length);
  const [first] = (parsed(body.subarray(0, end)) as { outputs: readonly Output[] }).outputs;
  if (first?.data !== undefined) return first.data as number[];
  const bytes = body.subarray(end, end + (first?.parameters?.binary_data_size ?? 0));
  return [...new Float32Array(new Uint8Array(bytes).buffer)];
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return fail(`an answer that is not JSON: ${bytes.toString('latin1').slice(0, 200)}`);
  }
}

function fail(found: string): never {
  throw new FuzzFailure(found);
}
