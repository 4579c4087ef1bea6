/** Cuts the bytes of a gRPC stream into messages. */
export interface MessageReader {
  /** Calls back for every message that is whole now. Throws a RangeError for a compressed message: nobody asked for one. */
  readonly push: (chunk: Buffer) => void;
}

const headerBytes = 5;

/** Length-prefixed messages of gRPC over HTTP/2: a flag, four bytes of length, the message. Copies only what arrived in parts. */
export function createMessageReader(onMessage: (message: Buffer) => void): MessageReader {
  let parts: Buffer[] = [];
  let held = 0;
  /** Bytes of the message that is arriving, header included; 0 = the header is not complete. */
  let wanted = 0;

  const join = (): Buffer => {
    const [first] = parts;
    const joined = parts.length === 1 && first !== undefined ? first : Buffer.concat(parts, held);
    parts = [joined];
    return joined;
  };
  const readHeader = (): void => {
    const start = join();
    if (start[0] !== 0) throw new RangeError('a compressed message');
    wanted = headerBytes + start.readUInt32BE(1);
  };

  return {
    push: (chunk) => {
      parts.push(chunk);
      held += chunk.length;
      for (;;) {
        if (wanted === 0 && held >= headerBytes) readHeader();
        if (wanted === 0 || held < wanted) return;
        const bytes = join();
        const message = bytes.subarray(headerBytes, wanted);
        const rest = bytes.subarray(wanted);
        parts = rest.length === 0 ? [] : [rest];
        held = rest.length;
        wanted = 0;
        onMessage(message);
      }
    },
  };
}

/** A message with its prefix. */
export function frameMessage(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(headerBytes + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, headerBytes);
  return framed;
}
