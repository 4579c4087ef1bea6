// The little of RFC 6455 that a test needs: the handshake, and text messages below 126 bytes.
import { createHash, randomBytes } from 'node:crypto';

export function acceptKey(key) {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

/** A text message as a frame; clients mask theirs. */
export function frame(text, isMasked) {
  const payload = Buffer.from(text);
  if (!isMasked) return Buffer.concat([Buffer.from([0x81, payload.length]), payload]);
  const mask = randomBytes(4);
  const masked = payload.map((byte, i) => byte ^ mask[i % 4]);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), mask, masked]);
}

/** Calls back with each text message of the other side. */
export function onMessages(socket, head, tell) {
  let rest = head;
  const read = () => {
    for (;;) {
      if (rest.length < 2) return;
      const isMasked = (rest[1] & 0x80) !== 0;
      const start = isMasked ? 6 : 2;
      const end = start + (rest[1] & 0x7f);
      if (rest.length < end) return;
      const payload = rest.subarray(start, end);
      const text = isMasked ? payload.map((byte, i) => byte ^ rest[2 + (i % 4)]) : payload;
      const isText = (rest[0] & 0x0f) === 1;
      rest = rest.subarray(end);
      if (isText) tell(Buffer.from(text).toString());
    }
  };
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    read();
  });
  read();
}
