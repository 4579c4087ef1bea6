import { resourcePath, resourceTypes, type ApiServer } from '@osm/kubernetes';
import { MeshError } from '@osm/prelude';

/** The Secrets of one namespace, as texts by key. */
export interface Secrets {
  readonly read: (name: string) => Promise<ReadonlyMap<string, string> | undefined>;
  /** Creates it; false when there is one. */
  readonly create: (name: string, texts: ReadonlyMap<string, string>) => Promise<boolean>;
  /** Makes it hold these texts and no others. */
  readonly write: (name: string, texts: ReadonlyMap<string, string>) => Promise<void>;
}

export function createSecrets(server: ApiServer, namespace: string, meshName: string): Secrets {
  const labels = {
    'app.kubernetes.io/name': 'openservicemesh.io',
    'app.kubernetes.io/instance': meshName,
  };
  const body = (name: string, texts: ReadonlyMap<string, string>): unknown => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, labels },
    type: 'Opaque',
    data: Object.fromEntries(
      [...texts].map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
    ),
  });
  const create = async (name: string, texts: ReadonlyMap<string, string>): Promise<boolean> => {
    const path = resourcePath(resourceTypes.secret, { namespace });
    try {
      await server.ask({ method: 'POST', path, body: body(name, texts) });
      return true;
    } catch (thrown) {
      if (MeshError.from(thrown).code === 'api_conflict') return false;
      throw thrown;
    }
  };
  return {
    create,
    read: async (name) => {
      try {
        const found = (await server.ask({
          path: resourcePath(resourceTypes.secret, { namespace, name }),
        })) as { readonly data?: Readonly<Record<string, string>> };
        return new Map(
          Object.entries(found.data ?? {}).map(([key, text]) => [
            key,
            Buffer.from(text, 'base64').toString('utf8'),
          ]),
        );
      } catch (thrown) {
        if (MeshError.from(thrown).code === 'not_found') return undefined;
        throw thrown;
      }
    },
    write: async (name, texts) => {
      if (await create(name, texts)) return;
      const path = resourcePath(resourceTypes.secret, { namespace, name });
      await server.ask({ method: 'PUT', path, body: body(name, texts) });
    },
  };
}
