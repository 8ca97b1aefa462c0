import type { Prepared, Template } from './transport.ts';

/**
 * A request in wire form.
 *
 *     start: request line, headers, own part of the body (and the rest, when it is small) -> copied per connection, stamped
 *     rest:  what remains of a large body                                                 -> shared, never copied
 */
export interface Http1Request extends Prepared {
  readonly start: Buffer;
  /** Where the body begins in `start`. */
  readonly bodyAt: number;
  readonly rest: Buffer | undefined;
}

/** Up to here one copy and one write are cheaper than two writes. */
const ONE_WRITE_BYTES = 32_768;

export function http1Request(
  template: Template,
  hostHeader: string,
  extra: Readonly<Record<string, string>>,
): Http1Request {
  const length = template.own.length + template.shared.length;
  const lines = [`${template.method} ${template.path} HTTP/1.1`, `Host: ${hostHeader}`];
  for (const [name, value] of Object.entries(extra)) lines.push(`${name}: ${value}`);
  for (const [name, value] of template.headers) lines.push(`${name}: ${value}`);
  if (length > 0 || template.method !== 'GET') lines.push(`Content-Length: ${length}`);
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const together = head.length + length <= ONE_WRITE_BYTES;
  return {
    template,
    start: Buffer.concat(together ? [head, template.own, template.shared] : [head, template.own]),
    bodyAt: head.length,
    rest: together ? undefined : viewOf(template.shared),
  };
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
