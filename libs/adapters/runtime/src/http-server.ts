import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MeshError } from '@osm/prelude';
import type { Metrics } from '@osm/telemetry';
import type { Readiness } from './readiness.ts';
import { versionInfo } from './version.ts';

/** What a route of a service answers. */
export interface HttpReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Answers GET and HEAD of one path. Throwing answers 500. */
export type HttpHandler = (request: { readonly url: URL }) => HttpReply | Promise<HttpReply>;

/** Paths of a service's own beside those that every service has. */
export interface HttpRoutes {
  /** Adds a path, from the next request on; a second time for the same path replaces the handler. */
  readonly route: (path: string, handler: HttpHandler) => void;
}

/** Holds routes for startHttpServer. */
export function createHttpRoutes(): HttpRoutes & {
  readonly find: (path: string) => HttpHandler | undefined;
  readonly paths: () => readonly string[];
} {
  const handlers = new Map<string, HttpHandler>();
  return {
    route: (path, handler) => {
      handlers.set(path, handler);
    },
    find: (path) => handlers.get(path),
    paths: () => [...handlers.keys()],
  };
}

interface HttpServerOptions {
  readonly service: string;
  readonly host: string;
  readonly port: number;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  readonly routes?: ReturnType<typeof createHttpRoutes>;
}

const connectionsMax = 256;
const arriveMsMax = 10_000;

/** The endpoints that every service has. Bodies and JSON keys are OSM's. */
export async function startHttpServer(
  options: HttpServerOptions,
): Promise<{ readonly address: string; readonly close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    void answer(request.url ?? '/', options)
      .catch((thrown: unknown) => plain(500, `${MeshError.from(thrown).message}\n`))
      .then((reply) => {
        response.writeHead(reply.status, { 'content-type': reply.contentType });
        response.end(request.method === 'HEAD' ? undefined : reply.body);
      });
  });
  // Prometheus, probes and people: whoever wants more than this means harm, or hangs.
  server.maxConnections = connectionsMax;
  server.headersTimeout = arriveMsMax;
  server.requestTimeout = arriveMsMax;
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

function plain(status: number, body: string): HttpReply {
  return { status, contentType: 'text/plain', body };
}

async function answer(text: string, options: HttpServerOptions): Promise<HttpReply> {
  if (!URL.canParse(text, 'http://localhost')) return plain(400, 'not a path\n');
  const url = new URL(text, 'http://localhost');
  switch (url.pathname) {
    case '/health/alive':
    case '/healthz':
      return plain(200, 'Health OK');
    case '/health/ready': {
      const missing = [...options.readiness.missing()];
      if (missing.length === 0) return plain(200, 'Health OK');
      return plain(503, missing.map(([gate, reason]) => `${gate}: ${reason}\n`).join(''));
    }
    case '/metrics': {
      const { contentType, body } = await options.metrics.render();
      return { status: 200, contentType, body };
    }
    case '/version':
      return { status: 200, contentType: 'application/json', body: JSON.stringify(versionInfo()) };
    default: {
      const handler = options.routes?.find(url.pathname);
      if (handler !== undefined) return handler({ url });
      const others = (options.routes?.paths() ?? []).map((path) => `, ${path}`);
      return plain(
        404,
        `not found: try /health/ready, /health/alive, /metrics, /version${others.join('')}\n`,
      );
    }
  }
}
