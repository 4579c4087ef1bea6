// A protobuf reader for a thousand proxies in one process: it looks only at the fields it is asked for and copies nothing.

/** A resource of a delta response; `body` is a view into the bytes that were read. */
export interface WireResource {
  readonly name: string;
  readonly version: string;
  readonly typeUrl: string;
  readonly body: Uint8Array;
}

/** envoy.service.discovery.v3.DeltaDiscoveryResponse, as far as a proxy needs it. */
export interface WireResponse {
  readonly typeUrl: string;
  readonly nonce: string;
  /** The messages of the resources, for `readResource`. */
  readonly resources: readonly Uint8Array[];
  readonly removed: readonly string[];
}

type OnField = (field: number, value: Uint8Array | number) => void;

/**
 * Calls back for every length-delimited and varint field at the top level of a message, in order. Fixed-width fields are
 * skipped. Throws a RangeError when the bytes are not a protobuf message.
 */
export function readFields(bytes: Uint8Array, onField: OnField): void {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at];
      if (byte === undefined) throw new RangeError('protobuf message ends within a number');
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('protobuf number is too long');
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    const wireType = tag & 7;
    if (wireType === 0) onField(field, varint());
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else if (wireType === 2) {
      const end = varint() + at;
      if (end > bytes.length) throw new RangeError('protobuf message ends within a field');
      onField(field, bytes.subarray(at, end));
      at = end;
    } else throw new RangeError(`protobuf wire type ${wireType} is not in use`);
  }
}

/** A step into a message: a field's number, or into an Any when it holds a message whose type ends so. */
export type Step = number | { readonly any: string };

/** All values at a path of fields, in order: `[3, 3, 4, {any: '.Foo'}, 2]` reads field 2 of the Foos in those Anys. */
export function valuesAt(bytes: Uint8Array, path: readonly Step[]): (Uint8Array | number)[] {
  const [step, ...rest] = path;
  if (step === undefined) return [bytes];
  const found: (Uint8Array | number)[] = [];
  if (typeof step !== 'number') {
    const opened = openAny(bytes);
    return opened.typeUrl.endsWith(step.any) ? valuesAt(opened.body, rest) : [];
  }
  readFields(bytes, (field, value) => {
    if (field !== step) return;
    if (rest.length === 0) found.push(value);
    else if (typeof value !== 'number') found.push(...valuesAt(value, rest));
  });
  return found;
}

/** The texts at a path. */
export function textsAt(bytes: Uint8Array, path: readonly Step[]): string[] {
  return valuesAt(bytes, path).flatMap((value) => (typeof value === 'number' ? [] : [text(value)]));
}

/** Reads a delta response without looking into its resources. */
export function readDeltaResponse(bytes: Uint8Array): WireResponse {
  let typeUrl = '';
  let nonce = '';
  const resources: Uint8Array[] = [];
  const removed: string[] = [];
  readFields(bytes, (field, value) => {
    if (typeof value === 'number') return;
    if (field === 2) resources.push(value);
    else if (field === 4) typeUrl = text(value);
    else if (field === 5) nonce = text(value);
    else if (field === 6) removed.push(text(value));
  });
  return { typeUrl, nonce, resources, removed };
}

/** Reads a resource of a delta response (envoy.service.discovery.v3.Resource). */
export function readResource(bytes: Uint8Array): WireResource {
  let name = '';
  let version = '';
  let any = { typeUrl: '', body: new Uint8Array() };
  readFields(bytes, (field, value) => {
    if (typeof value === 'number') return;
    if (field === 1) version = text(value);
    else if (field === 2) any = openAny(value);
    else if (field === 3) name = text(value);
  });
  return { name, version, ...any };
}

function openAny(bytes: Uint8Array): { typeUrl: string; body: Uint8Array<ArrayBuffer> } {
  let typeUrl = '';
  let body = new Uint8Array();
  readFields(bytes, (field, value) => {
    if (typeof value === 'number') return;
    if (field === 1) typeUrl = text(value);
    else if (field === 2) body = value as Uint8Array<ArrayBuffer>;
  });
  return { typeUrl, body };
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
