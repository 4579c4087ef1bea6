const block = Buffer.alloc(256 * 1024, 'mesh');

/** Writes so many bytes, no faster than they are taken; tells how many have been taken so far. */
export async function pour(stream, bytes, tell = () => undefined) {
  for (let rest = bytes; rest > 0 && !stream.destroyed; rest -= block.length) {
    const part = rest < block.length ? block.subarray(0, rest) : block;
    if (!stream.write(part)) await writable(stream);
    tell(bytes - rest);
  }
}

/** Reads to the end; the number of bytes. */
export async function drain(stream) {
  let bytes = 0;
  for await (const chunk of stream) bytes += chunk.length;
  return bytes;
}

/** Waits until the stream takes more, or is gone. */
export function writable(stream) {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}
