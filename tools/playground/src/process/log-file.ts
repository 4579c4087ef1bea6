import { closeSync, existsSync, openSync, renameSync, statSync, writeSync } from 'node:fs';

const defaultBytesMax = 4 * 1024 * 1024;

/** A log of bounded size: when full it becomes FILE.1 (replacing the one before) and a new one begins. */
export class LogFile {
  readonly path: string;
  readonly #bytesMax: number;
  #fd: number;
  #bytes: number;

  constructor(path: string, bytesMax: number = defaultBytesMax) {
    this.path = path;
    this.#bytesMax = bytesMax;
    this.#fd = openSync(path, 'a', 0o600);
    this.#bytes = statSync(path).size;
  }

  write(chunk: string | Uint8Array): void {
    if (this.#fd < 0) return;
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    if (this.#bytes + bytes.length > this.#bytesMax && this.#bytes > 0) this.#rotate();
    writeSync(this.#fd, bytes);
    this.#bytes += bytes.length;
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #rotate(): void {
    closeSync(this.#fd);
    renameSync(this.path, `${this.path}.1`);
    this.#fd = openSync(this.path, 'a', 0o600);
    this.#bytes = 0;
  }
}

/** The parts of a log, oldest first, that exist. */
export function logParts(path: string): string[] {
  return [`${path}.1`, path].filter((part) => existsSync(part));
}
