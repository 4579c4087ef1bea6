import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, type StatusObject } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestAuthority } from '../testing/index.ts';
import { asBuffer } from './raw-bytes.ts';
import { startRelay, type Relay } from './relay.ts';
import { createRpcClient, type RpcClient } from './rpc-client.ts';
import { bidiMethod, startRpcServer, type RpcServer } from './rpc-server.ts';
import { createLiveTls } from './tls-identity.ts';

const path = '/test.Echo/Echo';
const uuid = '0b6c3d0e-6ea1-4f6f-9d5c-8d2f3a1b4c5d';
const identity = `spiffe://cluster.local/${uuid}/sidecar/store/shop`;
const serverName = 'ads.cluster.local';

let directory: string;
let server: RpcServer;
let upstream: RpcClient;
let relay: Relay;

/** Answers each message with itself and the caller's identity, and ends the call on `end`. */
const echo = bidiMethod(path, { decode: (bytes) => Buffer.from(bytes).toString() }, (stream) =>
  stream.listen({
    onRequest: (text) =>
      text === 'end'
        ? stream.end({ code: 'permission-denied', message: 'enough' })
        : stream.send(Buffer.from(`${text} from ${stream.peer.uris.join()}`)),
    onFlushed: () => undefined,
    onClose: () => undefined,
  }),
);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'osm-relay-'));
  const authority = await createTestAuthority();
  const proxy = await authority.issue({
    kind: 'proxy',
    uuid,
    identity: { namespace: 'shop', serviceAccount: 'store' },
  });
  const ads = await authority.issue({ kind: 'controlPlane', name: 'ads', dnsNames: [] });
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(directory, name), text);
    return join(directory, name);
  };
  server = await startRpcServer({
    host: '127.0.0.1',
    port: 0,
    tls: createLiveTls({
      certificateChainPem: ads.chainPem,
      privateKeyPem: ads.privateKeyPem,
      rootsPem: [authority.rootPem],
    }),
    methods: [echo],
  });
  upstream = createRpcClient({
    // Nobody listens at the first: calls go on to the next.
    addresses: ['127.0.0.1:1', `127.0.0.1:${server.port}`],
    tls: {
      chainFile: await file('chain.pem', proxy.chainPem),
      keyFile: await file('key.pem', proxy.privateKeyPem),
      rootsFile: await file('roots.pem', authority.rootPem),
      serverName,
    },
  });
  relay = await startRelay({ socket: join(directory, 'xds.sock'), paths: [path], upstream });
});
afterAll(async () => {
  relay.close();
  upstream.close();
  server.close();
  await rm(directory, { recursive: true });
});

/** One call through the socket: sends the texts, returns what came and how it ended. */
function call(...texts: readonly string[]): Promise<{ got: string[]; end: StatusObject }> {
  const client = new Client(`unix:${join(directory, 'xds.sock')}`, credentials.createInsecure());
  const stream = client.makeBidiStreamRequest(path, asBuffer, (bytes: Buffer) => bytes);
  const got: string[] = [];
  stream.on('error', () => undefined);
  stream.on('data', (bytes: Buffer) => got.push(bytes.toString()));
  for (const text of texts) stream.write(Buffer.from(text));
  return new Promise((resolve) => {
    stream.on('status', (end: StatusObject) => {
      client.close();
      resolve({ got, end });
    });
  });
}

describe('a relay', () => {
  it('goes on to the next address when one does not answer', async () => {
    const { end } = await call('hello');
    expect(end.code).toBe(14);
  });

  it('passes messages both ways with the certificate of the client, and the end with its words', async () => {
    const { got, end } = await call('hello', 'again', 'end');
    expect(got).toEqual(['hello', 'again'].map((text) => `${text} from ${identity}`));
    expect([end.code, end.details]).toEqual([7, 'enough']);
  });
});
