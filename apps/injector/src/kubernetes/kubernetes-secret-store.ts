import type { JsonObject } from '@osm/injection';
import { resourcePath, resourceTypes, type ApiServer } from '@osm/kubernetes';
import { MeshError } from '@osm/prelude';
import type { SecretStore } from '../secret-store.ts';

/**
 * Keeps bootstrap Secrets in the Kubernetes API. The right to get Secrets is not needed: the API server answers a patch, also
 * one that changes nothing, with the object.
 */
export function createKubernetesSecretStore(server: ApiServer): SecretStore {
  const patch = (namespace: string, name: string, body: unknown): Promise<unknown> =>
    server.ask({
      method: 'PATCH',
      path: resourcePath(resourceTypes.secret, { namespace, name }),
      contentType: 'application/merge-patch+json',
      body,
    });
  return {
    write: async (secret) => {
      const { namespace, name } = secret['metadata'] as { namespace: string; name: string };
      try {
        await server.ask({
          method: 'POST',
          path: resourcePath(resourceTypes.secret, { namespace }),
          body: secret,
        });
      } catch (thrown) {
        if (MeshError.from(thrown).code !== 'api_conflict') throw thrown;
        await patch(namespace, name, secret);
      }
    },
    read: async (namespace, name) => {
      try {
        return (await patch(namespace, name, {})) as JsonObject;
      } catch (thrown) {
        if (MeshError.from(thrown).code === 'not_found') return undefined;
        throw thrown;
      }
    },
  };
}
