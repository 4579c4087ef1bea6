import { createMetrics } from '@osm/telemetry';
import { describe, expect, it } from 'vitest';
import { createHttpRoutes, startHttpServer } from './http-server.ts';
import { createReadiness } from './readiness.ts';

describe('the endpoints of a service', () => {
  it('tell readiness with its reasons, metrics and version', async () => {
    const readiness = createReadiness();
    const metrics = createMetrics();
    metrics.counter({ name: 'osm_things_total', help: 'Things' }).inc(2);
    const bus = readiness.gate('bus');
    const server = await startHttpServer({
      service: 'test',
      host: '127.0.0.1',
      port: 0,
      metrics,
      readiness,
    });
    const get = async (path: string): Promise<[number, string]> => {
      const response = await fetch(server.address + path);
      return [response.status, await response.text()];
    };
    try {
      expect(await get('/health/ready')).toEqual([503, 'bus: starting\n']);
      bus.notReady('not connected');
      expect(await get('/health/ready')).toEqual([503, 'bus: not connected\n']);
      bus.ready();
      expect(await get('/health/ready')).toEqual([200, 'Health OK']);
      expect(await get('/health/alive')).toEqual([200, 'Health OK']);
      expect((await get('/metrics'))[1]).toContain('osm_things_total 2');
      expect(JSON.parse((await get('/version'))[1])).toEqual({
        version: 'dev',
        git_commit: 'dev',
        build_date: 'dev',
      });
      expect((await get('/nothing'))[0]).toBe(404);
    } finally {
      await server.close();
    }
  });

  it('has the routes that the service adds, also later', async () => {
    const routes = createHttpRoutes();
    const server = await startHttpServer({
      service: 'test',
      host: '127.0.0.1',
      port: 0,
      metrics: createMetrics(),
      readiness: createReadiness(),
      routes,
    });
    const get = async (path: string): Promise<[number, string]> => {
      const response = await fetch(server.address + path);
      return [response.status, await response.text()];
    };
    try {
      expect((await get('/things'))[0]).toBe(404);
      routes.route('/things', ({ url }) => ({
        status: 200,
        contentType: 'text/plain',
        body: `${url.searchParams.get('of') ?? ''}`,
      }));
      routes.route('/broken', () => {
        throw new Error('no things today');
      });
      expect(await get('/things?of=mine')).toEqual([200, 'mine']);
      expect(await get('/broken')).toEqual([500, 'no things today\n']);
      expect((await get('/nothing'))[1]).toContain('/things');
    } finally {
      await server.close();
    }
  });

  it('names the flag when the port is taken', async () => {
    const options = {
      service: 'a',
      host: '127.0.0.1',
      metrics: createMetrics(),
      readiness: createReadiness(),
    };
    const first = await startHttpServer({ ...options, port: 0 });
    const port = Number(new URL(first.address).port);
    await expect(startHttpServer({ ...options, port })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port} (--http-port)`,
    );
    await first.close();
  });
});
