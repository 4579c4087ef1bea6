import { typeUrlOf, type ResourceType } from './resource-types.ts';
import {
  createFieldWriter,
  encodeText,
  fieldSize,
  writeField,
  writeHeader,
  type FieldWriter,
} from './wire.ts';

/** One version of one resource, encoded once. Two records with equal type, name and version are the same object in an index. */
export interface ResourceRecord {
  readonly type: ResourceType;
  readonly name: string;
  readonly version: string;
  /** A `resources` entry of a DeltaDiscoveryResponse: field header and Resource. */
  readonly deltaEntry: Uint8Array;
  /** A `resources` entry of a DiscoveryResponse: field header and Any. A part of the same memory. */
  readonly sotwEntry: Uint8Array;
}

const typeUrlBytes = new Map<ResourceType, Uint8Array>();

function encodedTypeUrl(type: ResourceType): Uint8Array {
  const known = typeUrlBytes.get(type);
  if (known !== undefined) return known;
  const bytes = encodeText(typeUrlOf(type));
  typeUrlBytes.set(type, bytes);
  return bytes;
}

/**
 * Encodes a resource for both protocols at once.
 *
 * `Resource.resource` and `DiscoveryResponse.resources` are both field 2 and both an Any: with the Any last in Resource, the
 * state-of-the-world entry is the tail of the delta entry.
 */
export function encodeResourceRecord(resource: {
  readonly type: ResourceType;
  readonly name: string;
  readonly version: string;
  /** The encoded Envoy message. It is copied. */
  readonly body: Uint8Array;
}): ResourceRecord {
  const { type, name, version, body } = resource;
  const url = encodedTypeUrl(type);
  const nameBytes = encodeText(name);
  const versionBytes = encodeText(version);
  const anySize = fieldSize(url.length) + fieldSize(body.length);
  const resourceSize =
    fieldSize(nameBytes.length) + fieldSize(versionBytes.length) + fieldSize(anySize);
  const writer: FieldWriter = createFieldWriter(fieldSize(resourceSize));
  writeHeader(writer, 2, resourceSize); // DeltaDiscoveryResponse.resources
  writeField(writer, 3, nameBytes); // Resource.name
  writeField(writer, 1, versionBytes); // Resource.version
  const anyAt = writer.position;
  writeHeader(writer, 2, anySize); // Resource.resource
  writeField(writer, 1, url); // Any.type_url
  writeField(writer, 2, body); // Any.value
  return {
    type,
    name,
    version,
    deltaEntry: writer.bytes,
    sotwEntry: writer.bytes.subarray(anyAt),
  };
}
