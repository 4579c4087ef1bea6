import { typeUrls } from '@osm/proto-envoy/discovery';
import type { Names } from './names.ts';
import { readResource, textsAt, valuesAt, type Step } from './wire.ts';

/** What else a resource makes a proxy ask for. */
export interface References<Name> {
  /** EDS resource of a cluster of type EDS. */
  readonly assignment: Name | undefined;
  readonly secrets: readonly Name[];
  readonly routes: readonly Name[];
}

/** A resource's content, one object per distinct bytes: proxies that hold the same bytes hold the same object. */
export interface Content {
  readonly typeUrl: string;
  readonly name: string;
  /** Number of the name. */
  readonly nameId: number;
  readonly version: string;
  readonly body: Uint8Array;
  /** By number of the name. */
  readonly references: References<number>;
}

/** Decodes resources, each distinct content once for the whole fleet. */
export interface ContentCache {
  /** Reads the resources of one response, given as their messages. */
  readonly read: (resources: readonly Uint8Array[]) => readonly Content[];
}

const tlsContext: Step = { any: 'TlsContext' };
const commonTls = [tlsContext, 1];
const secretNamePaths: readonly (readonly Step[])[] = [
  [...commonTls, 6, 1],
  [...commonTls, 7, 1],
  [...commonTls, 8, 2, 1],
];
const edsType = 3;

/** A content with the message it came in, and the one that came behind it the last time. */
interface Entry {
  readonly message: Uint8Array;
  readonly content: Content;
  next: Entry | undefined;
}

/**
 * The fleet imitates a thousand machines in one process. Work that a thousand machines would do side by side, decoding
 * equal bytes, is done once; the comparison of the bytes is done for every proxy, so unequal bytes never pass as equal.
 */
export function createContentCache(names: Names): ContentCache {
  const known = new Map<string, Entry[]>();

  const find = (message: Uint8Array): Entry => {
    const resource = readResource(message);
    const key = `${resource.typeUrl} ${resource.name} ${resource.version}`;
    const same = known.get(key) ?? [];
    const found = same.find((entry) => equalBytes(entry.message, message));
    if (found !== undefined) return found;
    const own = message.slice();
    const { typeUrl, name, version, body } = readResource(own);
    const references = numbered(readReferences(typeUrl, body), names);
    const entry = {
      message: own,
      content: { typeUrl, name, nameId: names.idOf(name), version, body, references },
      next: undefined,
    };
    known.set(key, [...same, entry]);
    return entry;
  };

  return {
    read: (resources) => {
      let last: Entry | undefined;
      return resources.map((message) => {
        // Responses to equal proxies hold the same resources in the same order.
        const likely = last?.next;
        const entry =
          likely !== undefined && equalBytes(likely.message, message) ? likely : find(message);
        if (last !== undefined) last.next = entry;
        last = entry;
        return entry.content;
      });
    },
  };
}

function numbered(references: References<string>, names: Names): References<number> {
  const { assignment, secrets, routes } = references;
  return {
    assignment: assignment === undefined ? undefined : names.idOf(assignment),
    secrets: secrets.map(names.idOf),
    routes: routes.map(names.idOf),
  };
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

/** Finds the names that a Listener or Cluster refers to. Other types refer to nothing that a proxy subscribes to. */
function readReferences(typeUrl: string, body: Uint8Array): References<string> {
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
