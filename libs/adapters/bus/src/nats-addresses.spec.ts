import { describe, expect, it } from 'vitest';
import { parseNatsAddresses } from './nats-addresses.ts';

describe('parseNatsAddresses', () => {
  it.each([
    ['nats://127.0.0.1:4222', ['127.0.0.1:4222'], false],
    [
      'nats://127.8.0.1,nats://[::1]:5000,nats://localhost',
      ['127.8.0.1:4222', '[::1]:5000', 'localhost:4222'],
      false,
    ],
    ['tls://nats.osm-system.svc:4222', ['nats.osm-system.svc:4222'], true],
    ['tls://a:1, tls://b:2', ['a:1', 'b:2'], true],
  ])('takes %s', (url, servers, secure) => {
    expect(parseNatsAddresses(url, false)).toMatchObject({ servers, secure });
  });

  it('wants TLS to other machines, unless told otherwise', () => {
    expect(() => parseNatsAddresses('nats://nats.osm-system.svc:4222', false)).toThrow(
      'write tls://nats.osm-system.svc:4222 and give --nats-ca',
    );
    expect(() => parseNatsAddresses('nats://127.0.0.1,nats://10.0.0.1', false)).toThrow('10.0.0.1');
    expect(() => parseNatsAddresses('nats://localhost.evil.example', false)).toThrow('tls://');
    expect(parseNatsAddresses('nats://10.0.0.1', true).secure).toBe(false);
  });

  it.each([
    ['', 'names no server'],
    ['nats', 'is no address'],
    ['http://nats:4222', 'is no address'],
    ['tls://nats:99999', 'is no address'],
    ['tls://user:password@nats', 'is no address'],
    ['tls://a,nats://127.0.0.1', 'mixes'],
  ])('does not take "%s"', (url, problem) => {
    expect(() => parseNatsAddresses(url, true)).toThrow(problem);
  });
});
