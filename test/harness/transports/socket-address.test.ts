import { expect, it } from 'vitest';
import { endpointOf } from '../../../harness/transports/endpoint.ts';
import { socketAddress } from '../../../harness/transports/socket-address.ts';

it.each([
  ['127.0.0.1', '02001f407f0000010000000000000000'],
  ['::1', '0a001f400000000000000000000000000000000000000001' + '00000000'],
  ['::', '0a001f400000000000000000000000000000000000000000' + '00000000'],
  ['2001:db8::8:800:200c:417a', '0a001f400000000020010db80000000000080800200c417a' + '00000000'],
  ['::ffff:192.0.2.33', '0a001f400000000000000000000000000000ffffc0000221' + '00000000'],
  ['fe80::', '0a001f4000000000fe800000000000000000000000000000' + '00000000'],
])('%s port 8000 as the kernel wants it', (host, hex) => {
  expect(socketAddress({ host, port: 8000 })?.toString('hex')).toBe(hex);
});

it('has no address for a name, nor for a path that is empty or too long', () => {
  for (const host of ['localhost', '', '1.2.3', 'fe80::1%eth0']) {
    expect(socketAddress({ host, port: 1 })).toBeUndefined();
  }
  expect(socketAddress({ path: '' })).toBeUndefined();
  expect(socketAddress({ path: `/${'x'.repeat(107)}` })).toBeUndefined();
  expect(socketAddress({ path: '/a' })?.toString('latin1')).toBe('\x01\x00/a\x00');
});

it.each([
  ['http://127.0.0.1:8000', { host: '127.0.0.1', port: 8000 }, '127.0.0.1:8000', false, undefined],
  ['http://example.com', { host: 'example.com', port: 80 }, 'example.com', false, undefined],
  ['https://example.com', { host: 'example.com', port: 443 }, 'example.com', true, 'example.com'],
  ['https://[::1]:9', { host: '::1', port: 9 }, '[::1]:9', true, undefined],
  ['grpc://models:8001', { host: 'models', port: 8001 }, 'models:8001', false, undefined],
  ['unix:/run/s.sock', { path: '/run/s.sock' }, 'localhost', false, undefined],
  ['unix:///run/s.sock', { path: '/run/s.sock' }, 'localhost', false, undefined],
])('%s is a place', (url, address, authority, secure, serverName) => {
  expect(endpointOf(url)).toEqual({ address, authority, secure, serverName });
});
