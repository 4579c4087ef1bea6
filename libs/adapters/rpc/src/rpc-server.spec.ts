import type { CertificateSubject } from '@osm/pki';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestAuthority, openCall, type TestAuthority } from '../testing/index.ts';
import type { BidiStream } from './bidi-stream.ts';
import { bidiMethod, startRpcServer, type RpcServer } from './rpc-server.ts';
import { createLiveTls, type LiveTls, type TlsMaterial } from './tls-identity.ts';

const path = '/test.Echo/Echo';
const uuid = '0b6c3d0e-6ea1-4f6f-9d5c-8d2f3a1b4c5d';
const proxy = (): CertificateSubject => ({
  kind: 'proxy',
  uuid,
  identity: { namespace: 'shop', serviceAccount: 'book.store' },
});
const ads: CertificateSubject = { kind: 'controlPlane', name: 'ads', dnsNames: [] };

let authority: TestAuthority;
let material: TlsMaterial;
let server: RpcServer | undefined;

async function materialOf(signer: TestAuthority, trusted: TestAuthority): Promise<TlsMaterial> {
  const { chainPem, privateKeyPem } = await signer.issue(ads);
  return { certificateChainPem: chainPem, privateKeyPem, rootsPem: [trusted.rootPem] };
}

/** A server whose streams go to `open`. */
async function start(
  open: (stream: BidiStream<Uint8Array>) => void,
  tls: LiveTls = createLiveTls(material),
): Promise<number> {
  const codec = { decode: (bytes: Uint8Array) => bytes };
  const methods = [bidiMethod(path, codec, open)];
  server = await startRpcServer({ host: '127.0.0.1', port: 0, tls, methods });
  return server.port;
}

function call(port: number, identity: { chainPem: string; privateKeyPem: string } | undefined) {
  return openCall<Uint8Array, Uint8Array>({
    port,
    path,
    encode: (bytes) => bytes,
    decode: (bytes) => bytes,
    rootsPem: authority.rootPem,
    identity,
    serverName: 'ads.cluster.local',
  });
}

const echo = (stream: BidiStream<Uint8Array>): void =>
  stream.listen({
    onRequest: (request) => stream.send(request),
    onFlushed: () => undefined,
    onClose: () => undefined,
  });

beforeAll(async () => {
  authority = await createTestAuthority();
  material = await materialOf(authority, authority);
});
afterEach(() => server?.close());

describe('startRpcServer', () => {
  it('passes bytes both ways and says who is there', async () => {
    let peer: BidiStream<Uint8Array>['peer'] | undefined;
    const port = await start((stream) => {
      peer = stream.peer;
      echo(stream);
    });
    const client = call(port, await authority.issue(proxy()));
    client.send(new TextEncoder().encode('hello'));
    expect(new TextDecoder().decode(await client.next())).toBe('hello');
    expect(peer).toEqual({
      dnsNames: [`${uuid}.sidecar.book.store.shop.cluster.local`],
      uris: [`spiffe://cluster.local/${uuid}/sidecar/book.store/shop`],
    });
    client.close();
  });

  it('refuses clients without a certificate of the roots', async () => {
    const port = await start(echo);
    const stranger = await createTestAuthority();
    for (const identity of [undefined, await stranger.issue(proxy())])
      expect((await call(port, identity).ended).code).toBe(14);
  });

  it('takes new certificates and roots while it serves', async () => {
    const tls = createLiveTls(material);
    const port = await start(echo, tls);
    const identity = await authority.issue(proxy());
    const before = call(port, identity);
    before.send(new Uint8Array(1));
    await before.next();
    const next = await createTestAuthority();
    tls.update(await materialOf(authority, next));
    expect((await call(port, identity).ended).code).toBe(14);
    const after = call(port, await next.issue(proxy()));
    after.send(new Uint8Array(2));
    expect(await after.next()).toHaveLength(2);
    // An open connection goes on.
    before.send(new Uint8Array(3));
    expect(await before.next()).toHaveLength(3);
    before.close();
    after.close();
  });

  it('ends a call with code and words, and tells the owner once', async () => {
    let closed = 0;
    const port = await start((stream) => {
      stream.listen({
        onRequest: () => stream.end({ code: 'permission-denied', message: 'no such proxy' }),
        onFlushed: () => undefined,
        onClose: () => closed++,
      });
    });
    const client = call(port, await authority.issue(proxy()));
    client.send(new Uint8Array(1));
    expect(await client.ended).toEqual({ code: 7, details: 'no such proxy' });
    server?.close();
    expect(closed).toBe(1);
  });

  it('says how much a client has not read, and when it does', async () => {
    // Far more than the windows and buffers on the way hold.
    const size = 1_000_000;
    const count = 40;
    let flushes = 0;
    let stream: BidiStream<Uint8Array> | undefined;
    const port = await start((next) =>
      next.listen({
        onRequest: () => {
          for (let sent = 0; sent < count; sent++) next.send(new Uint8Array(size));
          stream = next;
        },
        onFlushed: () => flushes++,
        onClose: () => undefined,
      }),
    );
    const client = call(port, await authority.issue(proxy()));
    client.pause();
    client.send(new Uint8Array(1));
    await vi.waitFor(() => expect(stream?.queuedBytes()).toBeGreaterThan(size));
    client.resume();
    for (let read = 0; read < count; read++) expect(await client.next()).toHaveLength(size);
    await vi.waitFor(() => expect(stream?.queuedBytes()).toBe(0));
    expect(flushes).toBeGreaterThan(0);
    client.close();
  });

  it('names the address that it cannot listen on', async () => {
    const port = await start(echo);
    const options = { host: '127.0.0.1', port, tls: createLiveTls(material), methods: [] };
    await expect(startRpcServer(options)).rejects.toThrow(`127.0.0.1:${port}`);
  });
});
