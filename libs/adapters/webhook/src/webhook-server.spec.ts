import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { startWebhookServer, type Admit, type WebhookServer } from './webhook-server.ts';

const review = JSON.stringify({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: { uid: '1', kind: { kind: 'Pod' }, namespace: 'shop', object: {} },
});

describe('the webhook under pressure', () => {
  let server: WebhookServer | undefined;
  const refused: string[] = [];
  afterEach(async () => {
    refused.length = 0;
    await server?.close();
  });

  const start = async (admit: Admit): Promise<string> => {
    const onRefused = (reason: string): void => void refused.push(reason);
    server = await startWebhookServer({
      host: '127.0.0.1',
      port: 0,
      portFlag: '--port',
      path: '/review',
      unable: 'not yet',
      identity: undefined,
      admit,
      onRefused,
    });
    return server.address;
  };
  const post = (address: string, body: string): Promise<Response> =>
    fetch(`${address}/review`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });

  it('refuses a body beyond 4 MiB without reading all of it', async () => {
    const address = await start(async () => ({ kind: 'allow', warnings: [] }));
    const { port } = new URL(address);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sent = httpRequest({ port, method: 'POST', path: '/review' }, (response) => {
        resolve(response.statusCode);
        sent.destroy();
      });
      sent.setHeader('content-type', 'application/json');
      sent.on('error', reject);
      // Announced as endless: it never ends by itself.
      const more = (): void => {
        while (!sent.destroyed && sent.write(Buffer.alloc(65_536)));
      };
      sent.on('drain', more);
      more();
    });
    expect(status).toBe(413);
    expect(refused).toEqual(['too-large']);
    expect((await post(address, review)).status).toBe(200);
  });

  it('answers until it is closed, and asks for another connection once it is to end', async () => {
    const address = await start(async () => ({ kind: 'allow', warnings: [] }));
    expect((await post(address, review)).headers.get('connection')).toBe('keep-alive');
    server?.leave();
    const last = await post(address, review);
    expect([last.status, last.headers.get('connection')]).toEqual([200, 'close']);
  });

  it('answers 64 at a time, lets 256 wait, and says 429 to more; it stays alive for probes', async () => {
    let answering = 0;
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const address = await start(async () => {
      answering += 1;
      await released;
      return { kind: 'allow', warnings: [] };
    });
    const answers = Array.from({ length: 330 }, () => post(address, review));
    await expect.poll(() => refused.length, { timeout: 10_000 }).toBe(10);
    expect(answering).toBe(64);
    expect((await fetch(`${address}/healthz`)).status).toBe(200);
    release();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(320);
    expect(statuses.filter((status) => status === 429)).toHaveLength(10);
  });
});
