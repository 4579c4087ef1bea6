import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ApiServer } from '../src/api-server.ts';
import { createApiServer } from '../src/api-server.ts';
import type { KubernetesObject } from '../src/resource-type.ts';

/** One collection over HTTP, as an API server serves it, and its moods. */
export interface FakeApiServer {
  readonly server: ApiServer;
  readonly put: (namespace: string, name: string) => void;
  readonly delete: (namespace: string, name: string) => void;
  /** Cuts every open watch. */
  readonly cut: () => void;
  /** Forgets all history: a watch from before is refused with 410. */
  readonly compact: () => void;
  /** Answers 404, as for a CRD that is not installed, until called with true. */
  readonly serve: (served: boolean) => void;
  readonly requests: readonly string[];
  readonly close: () => Promise<void>;
}

interface Change {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubernetesObject;
}

/** Starts it on a loopback port. */
export async function startFakeApiServer(): Promise<FakeApiServer> {
  const objects = new Map<string, KubernetesObject>();
  const watches = new Set<ServerResponse>();
  const requests: string[] = [];
  let history: Change[] = [];
  let version = 100;
  let oldest = 0;
  let served = true;
  const http = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://fake');
    requests.push(`${url.searchParams.get('watch') === 'true' ? 'watch' : 'list'} ${url.pathname}`);
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (!served)
      return answer(404, { message: 'the server could not find the requested resource' });
    if (url.searchParams.get('watch') !== 'true') {
      const limit = Number(url.searchParams.get('limit'));
      const from = Number(url.searchParams.get('continue') ?? 0);
      const all = [...objects.values()];
      const rest = from + limit < all.length ? { continue: String(from + limit) } : {};
      const metadata = { resourceVersion: String(version), ...rest };
      return answer(200, { metadata, items: all.slice(from, from + limit) });
    }
    const since = Number(url.searchParams.get('resourceVersion'));
    if (since < oldest) return answer(410, { message: 'too old resource version' });
    response.writeHead(200, { 'content-type': 'application/json' });
    for (const change of history) if (change.version > since) write(response, change);
    response.flushHeaders();
    watches.add(response);
    response.on('close', () => watches.delete(response));
  });
  const write = (response: ServerResponse, { type, object }: Change): void => {
    response.write(`${JSON.stringify({ type, object })}\n`);
  };
  const change = (type: Change['type'], object: KubernetesObject): void => {
    const next = { version, type, object };
    history.push(next);
    for (const watch of watches) write(watch, next);
  };
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    server: createApiServer({
      url,
      next: () => Promise.resolve({ agent: undefined, headers: {} }),
    }),
    put: (namespace, name) => {
      const key = `${namespace}/${name}`;
      const type = objects.has(key) ? 'MODIFIED' : 'ADDED';
      const object = { metadata: { namespace, name, resourceVersion: String(++version) } };
      objects.set(key, object);
      change(type, object);
    },
    delete: (namespace, name) => {
      objects.delete(`${namespace}/${name}`);
      change('DELETED', { metadata: { namespace, name, resourceVersion: String(++version) } });
    },
    cut: () => {
      for (const watch of watches) watch.destroy();
    },
    compact: () => {
      history = [];
      oldest = ++version;
    },
    serve: (value) => {
      served = value;
    },
    requests,
    close: async () => {
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}
