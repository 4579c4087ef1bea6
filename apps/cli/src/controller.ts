import type { ApiServer } from '@osm/kubernetes';

/**
 * Asks the control plane of a namespace for a JSON page of its port 9091, through the API server; undefined when it does not answer, or
 * this user may not ask.
 */
export async function askController(
  server: ApiServer,
  namespace: string,
  page: '/version' | '/smi/version',
): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    const service = `/api/v1/namespaces/${namespace}/services/osm-controller:9091`;
    return (await server.ask({ path: `${service}/proxy${page}` })) as Readonly<
      Record<string, string>
    >;
  } catch {
    // A control plane that is down is worth a line too.
    return undefined;
  }
}
