import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMetrics, type Logger } from '@osm/telemetry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bus } from '../src/bus.ts';
import { createBus } from '../src/create-bus.ts';
import { updateBusFiles, writeBusDirectory, type BusFiles } from '../src/installation/index.ts';
import {
  createBusAuthority,
  createServerCertificate,
} from '../src/installation/server-certificate.ts';
import { freePort } from '../src/free-port.ts';
import { startNatsServer, type NatsServer } from '../src/nats-process.ts';
import { silentLogger } from './memory-bus.ts';

const patience = { timeout: 20_000, interval: 10 };
const dayMs = 24 * 3_600_000;

describe('TLS to a real server', { timeout: 60_000 }, () => {
  let directory = '';
  let files: BusFiles;
  let server: NatsServer;
  let url = '';
  const buses: Bus[] = [];

  /** A service that notes what it says. */
  const connectTo = (
    address: string,
    options: { readonly ca?: string | undefined; readonly credentials?: boolean } = {},
  ): { readonly bus: Bus; readonly said: string[] } => {
    const said: string[] = [];
    const note = (_: string, fields?: Readonly<Record<string, unknown>>): void => {
      if (fields?.['err'] instanceof Error) said.push(fields['err'].message);
    };
    const log: Logger = { ...silentLogger, warn: note, child: () => log };
    const bus = createBus({
      url: address,
      credentialsFile: join(directory, 'services/xds-server/credentials'),
      caFile: options.ca ?? join(directory, 'services/xds-server/ca.crt'),
      name: 'xds-server',
      instance: 'xds-server-1',
      log,
      metrics: createMetrics(),
    });
    buses.push(bus);
    return { bus, said };
  };

  /** The server gets another certificate, and what the service says then. */
  const replaceCertificate = async (
    request: Partial<Parameters<typeof createServerCertificate>[0]>,
  ): Promise<void> => {
    const { certificate, key } = await createServerCertificate({
      authority: {
        certificate: files.get('authority/ca.crt') ?? '',
        key: files.get('authority/ca.key') ?? '',
      },
      hosts: ['localhost'],
      nowMs: Date.now(),
      validityMs: dayMs,
      ...request,
    });
    writeFileSync(join(directory, 'server/tls.crt'), certificate);
    writeFileSync(join(directory, 'server/tls.key'), key);
    await server.reload();
  };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'osm-tls-'));
    const port = await freePort('127.0.0.1');
    files = await updateBusFiles(new Map(), {
      step: 'create',
      hosts: ['localhost'],
      serverDirectory: join(directory, 'server'),
      storeDir: join(directory, 'jetstream'),
      listenHost: '127.0.0.1',
      port,
      nowMs: Date.now(),
    });
    writeBusDirectory(directory, files);
    const configFile = join(directory, 'server/nats.conf');
    server = await startNatsServer({ directory, port, configFile });
    url = `tls://localhost:${port}`;
  });

  afterAll(async () => {
    await Promise.all(buses.map((each) => each.close()));
    await server.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  it('connects with the CA that signed the certificate', async () => {
    const { bus, said } = connectTo(url);
    await expect.poll(bus.connected, patience).toBe(true);
    expect(said).toEqual([]);
  });

  it('refuses a server whose certificate another CA signed', async () => {
    const stranger = join(directory, 'stranger.crt');
    writeFileSync(stranger, (await createBusAuthority(Date.now())).certificate);
    const { bus, said } = connectTo(url, { ca: stranger });
    await expect.poll(() => said.join(), patience).toContain('signed by nobody of --nats-ca');
    expect(bus.connected()).toBe(false);
  });

  it('refuses a certificate for another name, and says which one it expected', async () => {
    await replaceCertificate({ hosts: ['nats.elsewhere.svc'] });
    const { bus, said } = connectTo(url);
    await expect
      .poll(() => said.join(), patience)
      .toContain('its certificate is not for localhost');
    expect(bus.connected()).toBe(false);
    // The same when the server is called by an address.
    const { said: byAddress } = connectTo(url.replace('localhost', '127.0.0.1'));
    await expect.poll(() => byAddress.join(), patience).toContain('is not for 127.0.0.1');
  });

  it('refuses an expired certificate, and connects as soon as there is a new one', async () => {
    await replaceCertificate({ nowMs: Date.now() - 2 * dayMs });
    const { bus, said } = connectTo(url);
    await expect.poll(() => said.join(), patience).toContain('its certificate has expired');
    expect(bus.connected()).toBe(false);
    await replaceCertificate({});
    await expect.poll(bus.connected, patience).toBe(true);
  });

  it('does not speak plain text to a TLS server, nor TLS to a plain one', async () => {
    const { bus, said } = connectTo(url.replace('tls:', 'nats:'));
    await expect.poll(() => said.join(), patience).toContain('write tls://');
    const plain = await startNatsServer({ directory: join(directory, 'plain') });
    const other = connectTo(`tls://localhost:${plain.port}`);
    await expect.poll(() => other.said.join(), patience).toContain('the server speaks no TLS');
    expect([bus.connected(), other.bus.connected()]).toEqual([false, false]);
    await plain.kill();
  });

  it('names the file of a CA that has no certificate in it', async () => {
    const empty = join(directory, 'empty.crt');
    writeFileSync(empty, 'nothing');
    const { said } = connectTo(url, { ca: empty });
    await expect.poll(() => said.join(), patience).toContain(`${empty} (--nats-ca)`);
  });
});
