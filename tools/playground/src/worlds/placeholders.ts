import { MeshError } from '@osm/prelude';

/** What placeholders stand for. */
export interface PlaceholderSource {
  /** Pods of an app, sorted by name. */
  readonly pods: (
    namespace: string,
    app: string,
  ) => readonly { readonly name: string; readonly ip: string }[];
  readonly serviceAddress: (namespace: string, name: string) => string;
}

/**
 * Fills in `{{ip NS/APP}}` (address of a pod, `{{ip NS/APP 1}}` of the second), `{{pod NS/APP}}` (its name) and `{{svc NS/NAME}}` (the
 * service's address).
 */
export function fillPlaceholders(text: string, source: PlaceholderSource): string {
  return text.replace(
    /\{\{(ip|svc|pod) ([\w.-]+)\/([\w.-]+)(?: (\d+))?\}\}/g,
    (all, ...[what = '', namespace = '', name = '', index]: (string | undefined)[]) => {
      if (what === 'svc') return source.serviceAddress(namespace, name);
      const pod = source.pods(namespace, name)[Number(index ?? 0)];
      if (pod === undefined) throw new MeshError('not_found', `${all}: there is no such pod`);
      return what === 'ip' ? pod.ip : pod.name;
    },
  );
}
