// The little of protobuf's wire format that is needed to put encoded resources into a response without decoding them:
// a message is the concatenation of its fields, so bytes made once can be part of any number of responses.
// https://protobuf.dev/programming-guides/encoding/

const textEncoder = new TextEncoder();

/** Bytes of a varint. */
function varintSize(value: number): number {
  let size = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) size++;
  return size;
}

/** Writes fields of wire type 2 (text, bytes, messages) into a buffer of known size. */
export interface FieldWriter {
  readonly bytes: Uint8Array;
  /** Where the next field goes. */
  position: number;
}

export function createFieldWriter(size: number): FieldWriter {
  return { bytes: new Uint8Array(size), position: 0 };
}

/** Size of a length-delimited field with a number below 16. */
export function fieldSize(contentSize: number): number {
  return 1 + varintSize(contentSize) + contentSize;
}

/** Tag and length; the content follows. Field numbers are below 16. */
export function writeHeader(writer: FieldWriter, field: number, contentSize: number): void {
  const { bytes } = writer;
  bytes[writer.position++] = (field << 3) | 2;
  let rest = contentSize;
  while (rest > 127) {
    bytes[writer.position++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[writer.position++] = rest;
}

export function writeRaw(writer: FieldWriter, content: Uint8Array): void {
  writer.bytes.set(content, writer.position);
  writer.position += content.length;
}

export function writeField(writer: FieldWriter, field: number, content: Uint8Array): void {
  writeHeader(writer, field, content.length);
  writeRaw(writer, content);
}

export function encodeText(text: string): Uint8Array {
  return textEncoder.encode(text);
}
