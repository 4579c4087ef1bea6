import { once } from 'node:events';
import { request, type Server } from 'node:http';
import { createServer, type AddressInfo, type Server as TcpServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createBridge } from './bridge.ts';

describe('a probe of the kubelet', () => {
  const open: (Server | TcpServer)[] = [];
  afterEach(() => open.splice(0).forEach((server) => server.close()));

  it('succeeds while the port accepts connections, and fails with 404 once it does not', async () => {
    const application = createServer();
    const port = await listen(application);
    const bridge = await listen(createBridge());

    expect(await probe(bridge, { 'Original-Tcp-Port': `${port}` })).toBe(200);
    application.close();
    await once(application, 'close');
    expect(await probe(bridge, { 'Original-Tcp-Port': `${port}` })).toBe(404);
  });

  it('leaves no connection behind', async () => {
    const application = createServer();
    const port = await listen(application);
    const closed = once(application, 'connection').then(([socket]) => once(socket, 'close'));

    await probe(await listen(createBridge()), { 'Original-Tcp-Port': `${port}` });
    await closed;
  });

  it.each([{}, ...['', '0', '65536', '-1', '8e1', 'web'].map((text) => header(text))])(
    'is refused with 400 when its header names no port: %j',
    async (headers) => {
      expect(await probe(await listen(createBridge()), headers)).toBe(400);
    },
  );

  it('is refused with 404 for another path, whatever port it names', async () => {
    const bridge = await listen(createBridge());
    expect(await probe(bridge, header(`${bridge}`), '/')).toBe(404);
  });

  function header(port: string): Readonly<Record<string, string>> {
    return { 'Original-Tcp-Port': port };
  }

  async function listen(server: Server | TcpServer): Promise<number> {
    open.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }
});

async function probe(
  port: number,
  headers: Readonly<Record<string, string>>,
  path = '/osm-healthcheck',
): Promise<number | undefined> {
  const sent = request({ host: '127.0.0.1', port, path, headers, agent: false }).end();
  const [response] = await once(sent, 'response');
  response.resume();
  return response.statusCode;
}
