import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from '@osm/telemetry';
import type { Readiness } from './readiness.ts';
import { versionInfo } from './version.ts';

interface HttpServerOptions {
  readonly service: string;
  readonly host: string;
  readonly port: number;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
}

interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** The endpoints that every service has. Bodies and JSON keys are OSM's. */
export async function startHttpServer(
  options: HttpServerOptions,
): Promise<{ readonly address: string; readonly close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    void answer(request.url ?? '/', options).then((reply) => {
      response.writeHead(reply.status, { 'content-type': reply.contentType });
      response.end(request.method === 'HEAD' ? undefined : reply.body);
    });
  });
  await listen(server, options);
  const { address, port } = server.address() as AddressInfo;
  return {
    address: `http://${address}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, options: HttpServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new Error(`cannot listen on ${options.host}:${options.port} (--http-port)`, { cause }),
      ),
    );
    server.listen(options.port, options.host, resolve);
  });
}

async function answer(url: string, options: HttpServerOptions): Promise<Reply> {
  const text = (status: number, body: string): Reply => ({
    status,
    contentType: 'text/plain',
    body,
  });
  switch (url.split('?')[0]) {
    case '/health/alive':
    case '/healthz':
      return text(200, 'Health OK');
    case '/health/ready': {
      const missing = [...options.readiness.missing()];
      if (missing.length === 0) return text(200, 'Health OK');
      return text(503, missing.map(([gate, reason]) => `${gate}: ${reason}\n`).join(''));
    }
    case '/metrics': {
      const { contentType, body } = await options.metrics.render();
      return { status: 200, contentType, body };
    }
    case '/version':
      return { status: 200, contentType: 'application/json', body: JSON.stringify(versionInfo()) };
    default:
      return text(404, 'not found: try /health/ready, /health/alive, /metrics, /version\n');
  }
}
