import { proxylessFiles } from '@osm/injection';
import { DiscoveryRequest, DiscoveryResponse, typeUrls } from '@osm/proto-envoy/discovery';
import { Secret } from '@osm/proto-envoy/secret';
import type { CallEvents } from '@osm/rpc';
import type { Logger } from '@osm/telemetry';
import { describe, expect, it, vi } from 'vitest';
import { adsPath, followSecrets } from './follow-secrets.ts';
import type { SecretFile } from './secret-files.ts';

const silent = { warn: () => undefined, error: () => undefined } as unknown as Logger;
const inline = (text: string) => ({
  specifier: { $case: 'inlineBytes' as const, value: Buffer.from(text) },
});
const identity = Secret.fromPartial({
  name: 'identity',
  type: {
    $case: 'tlsCertificate',
    value: { certificateChain: inline('chain'), privateKey: inline('key') },
  },
});
const trust = Secret.fromPartial({
  name: 'trust',
  type: { $case: 'validationContext', value: { trustedCa: inline('roots') } },
});

function response(nonce: string, ...secrets: readonly Secret[]): Uint8Array {
  const resources = secrets.map((secret) => ({
    typeUrl: typeUrls.secret,
    value: Secret.encode(secret).finish() as Buffer,
  }));
  const message = { typeUrl: typeUrls.secret, nonce, versionInfo: nonce, resources };
  return DiscoveryResponse.encode(DiscoveryResponse.fromPartial(message)).finish();
}

/** An agent that follows, with the server's side of its streams in hand. */
function following(onSecret?: (file: SecretFile) => Promise<void>) {
  const streams: { readonly path: string; readonly events: CallEvents }[] = [];
  const requests: DiscoveryRequest[] = [];
  const files: SecretFile[] = [];
  const waits: { readonly ms: number; readonly over: () => void }[] = [];
  const abort = new AbortController();
  const done = followSecrets({
    client: {
      open: (path, events) => {
        streams.push({ path, events });
        return {
          send: (bytes) => void requests.push(DiscoveryRequest.decode(bytes)),
          cancel: () => events.onEnd({ code: 1, message: 'cancelled' }),
        };
      },
    },
    nodeId: 'uuid-1',
    clock: {
      after: (ms, over) => {
        waits.push({ ms, over });
        return () => undefined;
      },
    },
    log: silent,
    signal: abort.signal,
    onSecret: onSecret ?? ((file) => Promise.resolve(void files.push(file))),
  });
  const end = async (): Promise<void> => {
    abort.abort();
    await done;
  };
  return { streams, requests, files, waits, end };
}

describe('following secrets', () => {
  it('asks by the node of the certificate, and hands on what comes, in order', async () => {
    const { streams, requests, files, end } = following();
    expect(streams[0]?.path).toBe(adsPath);
    expect(requests[0]).toMatchObject({
      node: { id: 'uuid-1' },
      resourceNames: ['identity', 'trust'],
      typeUrl: typeUrls.secret,
    });
    streams[0]?.events.onMessage(response('n1', identity));
    streams[0]?.events.onMessage(response('n2', trust));
    await vi.waitFor(() => expect(requests).toHaveLength(3));
    expect(files).toEqual([
      { secret: 'identity', file: proxylessFiles.identity, text: 'chain\nkey' },
      { secret: 'trust', file: proxylessFiles.trust, text: 'roots' },
    ]);
    expect(requests.slice(1)).toMatchObject([
      { responseNonce: 'n1', errorDetail: undefined },
      { responseNonce: 'n2', errorDetail: undefined },
    ]);
    await end();
  });

  it('tells the server what it could not take', async () => {
    const { streams, requests, end } = following(() => Promise.reject(new Error('disk full')));
    streams[0]?.events.onMessage(response('n1', identity));
    await vi.waitFor(() => expect(requests).toHaveLength(2));
    expect(requests[1]).toMatchObject({
      responseNonce: 'n1',
      errorDetail: { message: expect.stringContaining('disk full') as string },
    });
    await end();
  });

  it('opens a new stream after one that broke, sooner when the last one had answered', async () => {
    const { streams, waits, end } = following();
    streams[0]?.events.onEnd({ code: 14, message: 'away' });
    await vi.waitFor(() => expect(waits).toHaveLength(1));
    waits[0]?.over();
    await vi.waitFor(() => expect(streams).toHaveLength(2));
    streams[1]?.events.onMessage(response('n1', trust));
    streams[1]?.events.onEnd({ code: 14, message: 'away' });
    await vi.waitFor(() => expect(waits).toHaveLength(2));
    expect(waits.map(({ ms }) => ms)).toEqual([200, 100]);
    await end();
  });
});
