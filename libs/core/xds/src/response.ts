import { isLarge, partsOf, type ConfigNode } from './config-node.ts';
import type { ResourceRecord } from './resource-record.ts';
import { typeUrlOf, type ResourceType } from './resource-types.ts';
import { createFieldWriter, encodeText, fieldSize, writeField, writeRaw } from './wire.ts';

/** What a response says. Streams that need exactly the same share one object, and with it the encoded bytes. */
export interface ResponseContent {
  readonly type: ResourceType;
  readonly records: readonly ResourceRecord[];
  readonly removed: readonly string[];
  /** True when it brings clusters that the client did not have and that warm: listeners and routes wait until it has them. */
  readonly introducesClusters: boolean;
  /** Bytes are kept with a content that many streams need, and made anew for one that a single stream needs. */
  readonly cache: { bytes?: Uint8Array } | undefined;
}

/** A response ready to be written. */
export interface Response {
  readonly type: ResourceType;
  /** Derived from the content. The same content may be sent twice on a stream: its acknowledgements come in order. */
  readonly nonce: string;
  readonly bytes: Uint8Array;
  readonly content: ResponseContent;
}

/** Responses are split above this size, so that one is never far larger than what a stream may have queued. */
const chunkBytesMax = 128 * 1024;

export function createContent(
  type: ResourceType,
  parts: {
    readonly records?: readonly ResourceRecord[];
    readonly removed?: readonly string[];
    readonly introducesClusters?: boolean;
    readonly shared?: boolean;
  },
): ResponseContent {
  return {
    type,
    records: parts.records ?? [],
    removed: parts.removed ?? [],
    introducesClusters: parts.introducesClusters ?? false,
    cache: parts.shared === true ? {} : undefined,
  };
}

/** Splits a content into several of bearable size; removals go with the first. */
export function splitContent(content: ResponseContent): readonly ResponseContent[] {
  const { type, introducesClusters } = content;
  let total = 0;
  for (const record of content.records) total += record.deltaEntry.length;
  if (total <= chunkBytesMax) return [content];
  const shared = content.cache !== undefined;
  const chunks: ResponseContent[] = [];
  let records: ResourceRecord[] = [];
  let bytes = 0;
  const close = (): void => {
    const removed = chunks.length === 0 ? content.removed : [];
    chunks.push(createContent(type, { records, removed, introducesClusters, shared }));
    records = [];
    bytes = 0;
  };
  for (const record of content.records) {
    if (bytes > 0 && bytes + record.deltaEntry.length > chunkBytesMax) close();
    records.push(record);
    bytes += record.deltaEntry.length;
  }
  close();
  return chunks;
}

/**
 * All resources of a type in a closure. What lies in large includes (the permissive scope) is a list of shared contents; a
 * closure of ordinary size is one content of its own. The own part comes last: it wins where both have a name.
 */
export function initialContents(node: ConfigNode, type: ResourceType): readonly ResponseContent[] {
  const introducesClusters = type === 'cluster';
  const { own, large } = partsOf(node, type);
  const below = large.flatMap((include) => sharedContents(include, type));
  if (own.length === 0 && below.length > 0) return below;
  return [...below, ...splitContent(createContent(type, { records: own, introducesClusters }))];
}

function sharedContents(node: ConfigNode, type: ResourceType): readonly ResponseContent[] {
  const known = node.memo.initial?.get(type);
  if (known !== undefined) return known;
  const { own, large } = partsOf(node, type);
  const content = createContent(type, {
    records: own,
    introducesClusters: type === 'cluster',
    shared: isLarge(node),
  });
  const contents = [
    ...large.flatMap((include) => sharedContents(include, type)),
    ...(own.length === 0 ? [] : splitContent(content)),
  ];
  node.memo.initial ??= new Map();
  node.memo.initial.set(type, contents);
  return contents;
}

/** Encodes a DeltaDiscoveryResponse. */
export function encodeDeltaResponse(content: ResponseContent): Response {
  const { type, cache } = content;
  const nonce = nonceOf(content);
  const bytes = cache?.bytes ?? encodeDelta(content, nonce);
  if (cache !== undefined) cache.bytes = bytes;
  return { type, nonce, bytes, content };
}

function encodeDelta({ type, records, removed }: ResponseContent, nonce: string): Uint8Array {
  const url = encodeText(typeUrlOf(type));
  const nonceBytes = encodeText(nonce);
  const removedBytes = removed.map(encodeText);
  let size = fieldSize(url.length) + fieldSize(nonceBytes.length);
  for (const record of records) size += record.deltaEntry.length;
  for (const name of removedBytes) size += fieldSize(name.length);
  const writer = createFieldWriter(size);
  for (const record of records) writeRaw(writer, record.deltaEntry);
  writeField(writer, 4, url); // type_url
  writeField(writer, 5, nonceBytes); // nonce
  for (const name of removedBytes) writeField(writer, 6, name); // removed_resources
  return writer.bytes;
}

/** Encodes a DiscoveryResponse; its version is its nonce, both say which content it is. */
export function encodeSotwResponse(content: ResponseContent): Response {
  const { type, records } = content;
  const nonce = nonceOf(content);
  const url = encodeText(typeUrlOf(type));
  const nonceBytes = encodeText(nonce);
  let size = fieldSize(url.length) + 2 * fieldSize(nonceBytes.length);
  for (const record of records) size += record.sotwEntry.length;
  const writer = createFieldWriter(size);
  writeField(writer, 1, nonceBytes); // version_info
  for (const record of records) writeRaw(writer, record.sotwEntry);
  writeField(writer, 4, url); // type_url
  writeField(writer, 5, nonceBytes); // nonce
  return { type, nonce, bytes: writer.bytes, content };
}

/** An answer for a type the mesh has nothing of (a runtime layer, say): every name asked for does not exist. */
export function encodeNothing(
  protocol: 'delta' | 'sotw',
  typeUrl: string,
  names: readonly string[],
): Uint8Array {
  const url = encodeText(typeUrl);
  const nonce = encodeText('none');
  const removed = protocol === 'delta' ? names.map(encodeText) : [];
  let size = fieldSize(url.length) + 2 * fieldSize(nonce.length);
  for (const name of removed) size += fieldSize(name.length);
  const writer = createFieldWriter(size);
  writeField(writer, 1, nonce); // system_version_info or version_info
  writeField(writer, 4, url); // type_url
  writeField(writer, 5, nonce); // nonce
  for (const name of removed) writeField(writer, 6, name); // removed_resources
  return writer.bytes;
}

function nonceOf({ records, removed }: ResponseContent): string {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  const add = (text: string): void => {
    for (let i = 0; i < text.length; i++) {
      a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
      b = Math.imul(b ^ text.charCodeAt(i), 0x5bd1e995);
    }
    a = Math.imul(a ^ 0xff, 0x01000193);
  };
  for (const record of records) add(record.version);
  for (const name of removed) add(name);
  return (a >>> 0).toString(36) + (b >>> 0).toString(36);
}
