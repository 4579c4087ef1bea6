import { SignedRequest, SignResponse } from '@osm/proto-mesh';
import type { Subject } from './bus.ts';

/** Every request/reply subject of the mesh. */
export const subjects = {
  /** Answered by whoever is the certificate manager. */
  sign: {
    name: 'osm.trust.v1.sign',
    request: SignedRequest,
    response: SignResponse,
  } satisfies Subject<SignedRequest, SignResponse>,
} as const;

/** The subjects and names behind a bucket. The stream has the form of a NATS KV bucket, so that NATS' own tools can look into it. */
export const tableSubjects = {
  stream: (bucket: string) => `KV_${bucket}`,
  /** Where values are put; `$KV.<bucket>.<key>`. */
  put: (bucket: string, key: string) => `$KV.${bucket}.${key}`,
  puts: (bucket: string) => `$KV.${bucket}.>`,
  /** Where the stream repeats what it has stored, with its sequence number: readers listen here. */
  live: (bucket: string) => `osm.table.${bucket}.>`,
  livePrefix: (bucket: string) => `osm.table.${bucket}.`,
  /** The stream's figures, and its contents in bulk: under JetStream's names for the owner's account, ... */
  ownState: (bucket: string) => `$JS.API.STREAM.INFO.KV_${bucket}`,
  ownRead: (bucket: string) => `$JS.API.DIRECT.GET.KV_${bucket}`,
  /** ... and under these names in the accounts of readers. */
  importedState: (bucket: string) => `osm.table-state.${bucket}`,
  importedRead: (bucket: string) => `osm.table-read.${bucket}`,
  create: (bucket: string) => `$JS.API.STREAM.CREATE.KV_${bucket}`,
  update: (bucket: string) => `$JS.API.STREAM.UPDATE.KV_${bucket}`,
  delete: (bucket: string) => `$JS.API.STREAM.DELETE.KV_${bucket}`,
  /** Told by the server when a stream was made, deleted or restored. */
  events: (bucket: string) => `$JS.EVENT.ADVISORY.STREAM.*.KV_${bucket}`,
} as const;

/** Where a service asks: one subject per asker, so that the server's rights say who it is. */
export function askSubject(subject: string, asker: string): string {
  return `${subject}.${asker}`;
}

/** Who asked on a subject of askSubject; undefined when it is none. */
export function askerOf(subject: string, asked: string): string | undefined {
  const asker = asked.startsWith(`${subject}.`) ? asked.slice(subject.length + 1) : '';
  return asker === '' || asker.includes('.') ? undefined : asker;
}

/** Own inbox prefix of each service: answers to one cannot be read by another. */
export function inboxPrefix(service: string): string {
  return `_INBOX_${service}`;
}
