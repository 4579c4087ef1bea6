import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { MeshError } from '@osm/prelude';
import type { Logger } from '@osm/telemetry';
import { parseSeed } from './credentials.ts';
import { watchFiles } from './file-watch.ts';

export interface NatsSecretsOptions {
  /** The service's nkey seed. */
  readonly credentialsFile: string | undefined;
  /** PEM of who signed the servers' certificate. */
  readonly caFile: string | undefined;
  readonly log: Logger;
}

/** What a connection is made with, as the files say it now. A file that cannot be used costs nothing: what it said before stays. */
export interface NatsSecrets {
  readonly seed: () => Uint8Array | undefined;
  readonly ca: () => string | undefined;
  /** Calls back when one of them is another one than before. */
  readonly onChange: (listener: () => void) => void;
  readonly close: () => void;
}

/** Reads and watches the files of a connection. The getters throw `invalid_config` while a file was never good. */
export function createNatsSecrets({
  credentialsFile,
  caFile,
  log,
}: NatsSecretsOptions): NatsSecrets {
  const seed = createFile(credentialsFile, (text, file) => parseSeed(text, file), log);
  const ca = createFile(caFile, checkCertificates, log);
  const files = [credentialsFile, caFile].filter((file) => file !== undefined);
  let listener: () => void = () => undefined;
  const watching = watchFiles(
    files,
    () => {
      const changed = [seed.refresh(), ca.refresh()];
      if (changed.includes(true)) listener();
    },
    log,
  );
  return {
    seed: seed.read,
    ca: ca.read,
    onChange: (next) => (listener = next),
    close: watching.close,
  };
}

interface SecretFile<T> {
  readonly read: () => T | undefined;
  /** Reads again; true when the contents are good and other ones than those used last. */
  readonly refresh: () => boolean;
}

function createFile<T>(
  file: string | undefined,
  parse: (text: string, file: string) => T,
  log: Logger,
): SecretFile<T> {
  let last: { readonly text: string; readonly value: T } | undefined;
  const load = (): boolean => {
    if (file === undefined) return false;
    const text = readFileSync(file, 'utf8');
    if (text === last?.text) return false;
    const isFirst = last === undefined;
    last = { text, value: parse(text, file) };
    return !isFirst;
  };
  return {
    read: () => {
      try {
        load();
      } catch (thrown) {
        if (last === undefined) throw MeshError.from(thrown, 'invalid_config');
      }
      return last?.value;
    },
    refresh: () => {
      try {
        return load();
      } catch (thrown) {
        // In the middle of being replaced, or wrong for good: the next event, or the next connection, reads again.
        log.warn('file not usable: what it said before stays in use', {
          file,
          err: MeshError.from(thrown),
        });
        return false;
      }
    },
  };
}

function checkCertificates(text: string, file: string): string {
  try {
    new X509Certificate(text);
    return text;
  } catch (cause) {
    throw new MeshError('invalid_config', `${file} (--nats-ca) has no certificate in PEM`, {
      cause,
    });
  }
}
