import { typeUrls } from '@osm/proto-envoy/discovery';
import { textsAt, valuesAt, type Step, type WireResource } from './wire.ts';

/** What else a resource makes a proxy ask for. */
export interface References {
  /** EDS resource of a cluster of type EDS. */
  readonly assignment: string | undefined;
  readonly secrets: readonly string[];
  readonly routes: readonly string[];
}

/** A resource's content, one object per distinct bytes: proxies that hold the same bytes hold the same object. */
export interface Content {
  readonly typeUrl: string;
  readonly name: string;
  readonly version: string;
  readonly body: Uint8Array;
  readonly references: References;
}

/** Decodes resources, each distinct content once for the whole fleet. */
export interface ContentCache {
  readonly read: (resource: WireResource) => Content;
}

const tlsContext: Step = { any: 'TlsContext' };
const commonTls = [tlsContext, 1];
const secretNamePaths: readonly (readonly Step[])[] = [
  [...commonTls, 6, 1],
  [...commonTls, 7, 1],
  [...commonTls, 8, 2, 1],
];
const edsType = 3;

/**
 * The fleet imitates a thousand machines in one process. Work that a thousand machines would do side by side, decoding
 * equal bytes, is done once; the comparison of the bytes is done for every proxy, so unequal bytes never pass as equal.
 */
export function createContentCache(): ContentCache {
  const known = new Map<string, Content[]>();
  return {
    read: (resource) => {
      const key = `${resource.typeUrl} ${resource.name} ${resource.version}`;
      const same = known.get(key) ?? [];
      const found = same.find((content) => Buffer.compare(content.body, resource.body) === 0);
      if (found !== undefined) return found;
      const body = resource.body.slice();
      const { typeUrl, name, version } = resource;
      const content = { typeUrl, name, version, body, references: readReferences(typeUrl, body) };
      known.set(key, [...same, content]);
      return content;
    },
  };
}

/** Finds the names that a Listener or Cluster refers to. Other types refer to nothing that a proxy subscribes to. */
export function readReferences(typeUrl: string, body: Uint8Array): References {
  switch (typeUrl) {
    case typeUrls.cluster:
      return {
        assignment: readAssignmentName(body),
        secrets: readSecretNames(body, [24, 3]),
        routes: [],
      };
    case typeUrls.listener:
      return {
        assignment: undefined,
        secrets: [3, 25].flatMap((chain) => readSecretNames(body, [chain, 6, 3])),
        routes: [3, 25].flatMap((chain) =>
          textsAt(body, [chain, 3, 4, { any: '.HttpConnectionManager' }, 3, 2]),
        ),
      };
    default:
      return { assignment: undefined, secrets: [], routes: [] };
  }
}

function readAssignmentName(cluster: Uint8Array): string | undefined {
  if (valuesAt(cluster, [2]).at(-1) !== edsType) return undefined;
  return textsAt(cluster, [3, 2]).at(-1) || textsAt(cluster, [1]).at(-1);
}

function readSecretNames(body: Uint8Array, socket: readonly Step[]): string[] {
  return secretNamePaths.flatMap((path) => textsAt(body, [...socket, ...path]));
}
