import {
  resourcePath,
  resourceTypes,
  type ApiServer,
  type KubernetesObject,
} from '@osm/kubernetes';
import { MeshError } from '@osm/prelude';

/** On the pods of NATS: the hash of the files that they were started with. */
const filesAnnotation = 'openservicemesh.io/bus-files';

interface Template {
  readonly template?: { readonly metadata?: { readonly annotations?: Record<string, string> } };
}

/**
 * Restarts the NATS servers one after the other when they have other files to read; they do not look themselves. Nothing is lost: whoever
 * owns a bucket writes it again.
 *
 * @returns Whether it did. Not when there are no servers yet, or those that run were started with these files.
 */
export async function restartNats(
  server: Pick<ApiServer, 'ask'>,
  options: {
    readonly namespace: string;
    readonly name: string;
    readonly serverFiles: string;
    /** The files were written just now. */
    readonly written: boolean;
  },
): Promise<boolean> {
  const { namespace, name, serverFiles, written } = options;
  const path = resourcePath(resourceTypes.statefulSet, { namespace, name });
  const found = await server.ask({ path }).catch((thrown: unknown) => {
    if (MeshError.from(thrown).code === 'not_found') return undefined;
    throw thrown;
  });
  if (found === undefined) return false;
  const spec = (found as KubernetesObject)['spec'] as Template | undefined;
  const running = spec?.template?.metadata?.annotations?.[filesAnnotation];
  // Without the mark nothing has changed since the installation, except now.
  if (running === serverFiles || (running === undefined && !written)) return false;
  const annotations = { [filesAnnotation]: serverFiles };
  await server.ask({
    method: 'PATCH',
    path,
    contentType: 'application/merge-patch+json',
    body: { spec: { template: { metadata: { annotations } } } },
  });
  return true;
}
