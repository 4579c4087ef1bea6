import type { ApiRequest, ApiServer, KubernetesObject } from '@osm/kubernetes';
import { MeshError } from '@osm/prelude';

/** Objects by path, as an API server serves them, with label selectors and merge patches. */
export interface FakeCluster {
  readonly server: ApiServer;
  /** Puts an object at its path, such as `/api/v1/namespaces/shop`. */
  readonly put: (path: string, object: Omit<KubernetesObject, 'metadata'> & Metadata) => void;
  /** Answers this path with a text, or with an error. */
  readonly say: (path: string, answer: string | MeshError) => void;
  readonly get: (path: string) => KubernetesObject | undefined;
  /** What was changed: method and path. */
  readonly changes: readonly string[];
}

interface Metadata {
  readonly metadata: Omit<KubernetesObject['metadata'], 'name'> & { readonly name?: string };
}

/** A cluster in memory, for commands that ask one thing after the other. */
export function createFakeCluster(): FakeCluster {
  const objects = new Map<string, KubernetesObject>();
  const said = new Map<string, string | MeshError>();
  const changes: string[] = [];
  const ask = (request: ApiRequest): unknown => {
    const { method = 'GET', path, query, body } = request;
    const answer = said.get(path);
    if (answer instanceof MeshError) throw answer;
    if (answer !== undefined) return answer;
    if (method !== 'GET') changes.push(`${method} ${path}`);
    const found = objects.get(path);
    if (found === undefined) {
      const items = method === 'GET' ? below(objects, path, query ?? {}) : undefined;
      if (items !== undefined) return { metadata: { resourceVersion: '1' }, items };
      throw new MeshError('not_found', `GET ${path}: not found (404)`);
    }
    if (method === 'DELETE') objects.delete(path);
    if (method === 'PATCH') objects.set(path, merge(found, body) as KubernetesObject);
    return objects.get(path);
  };
  return {
    changes,
    put: (path, object) =>
      void objects.set(path, {
        ...object,
        metadata: { name: path.split('/').at(-1) ?? '', ...object.metadata },
      }),
    say: (path, answer) => void said.set(path, answer),
    get: (path) => objects.get(path),
    server: {
      url: 'https://fake',
      // A promise that fails, as a real one does; not a throw.
      ask: (request) => new Promise((resolve) => resolve(ask(request))),
      apply: () => Promise.reject(new MeshError('api_refused', 'nothing is applied here')),
      follow: async function* ({ signal }) {
        if (signal?.aborted !== true) {
          await new Promise((resolve) => signal?.addEventListener('abort', resolve));
        }
        yield* [];
      },
    },
  };
}

/** The objects of a collection, over all namespaces when the path names none; undefined when the path names one object. */
function below(
  objects: ReadonlyMap<string, KubernetesObject>,
  path: string,
  query: Readonly<Record<string, string | undefined>>,
): readonly KubernetesObject[] | undefined {
  const [, root = '', rest = ''] = /^(\/api\/v1|\/apis\/[^/]+\/[^/]+)\/(.*)$/.exec(path) ?? [];
  const parts = rest.split('/');
  const one = parts[0] === 'namespaces' ? parts.length % 2 === 0 : parts.length > 1;
  if (one) return undefined;
  const pattern =
    parts.length === 1
      ? new RegExp(`^${root}/(namespaces/[^/]+/)?${rest}/[^/]+$`)
      : new RegExp(`^${path}/[^/]+$`);
  const selector = query['labelSelector'];
  return [...objects]
    .filter(([key, { metadata }]) => pattern.test(key) && matches(metadata.labels ?? {}, selector))
    .map(([, object]) => object);
}

function matches(labels: Readonly<Record<string, string>>, selector: string | undefined): boolean {
  if (selector === undefined) return true;
  const [key = '', value] = selector.split('=');
  return value === undefined ? labels[key] !== undefined : labels[key] === value;
}

function merge(before: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const after = new Map(Object.entries((before ?? {}) as Record<string, unknown>));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) after.delete(key);
    else if (value !== undefined) after.set(key, merge(after.get(key), value));
  }
  return Object.fromEntries(after);
}
