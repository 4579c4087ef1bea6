import { readFileSync, rmSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import { field, type JsonObject } from '../cluster/json.ts';

/** The bootstrap Secrets that the injector writes, one file each. */
export class InjectedSecrets {
  readonly #directory: string;
  readonly #watcher: FSWatcher;

  constructor(directory: string, onChange: () => void) {
    this.#directory = directory;
    this.#watcher = watch(directory, onChange);
  }

  /** Files of a Secret; undefined when the injector has written none of that name. */
  contents(namespace: string, name: string): ReadonlyMap<string, Buffer> | undefined {
    try {
      const secret = field(
        JSON.parse(readFileSync(this.#path(namespace, name), 'utf8')) as JsonObject,
      );
      return new Map([
        ...[...secret.at('data').textMap()].map(([key, value]): [string, Buffer] => [
          key,
          Buffer.from(value, 'base64'),
        ]),
        ...[...secret.at('stringData').textMap()].map(([key, value]): [string, Buffer] => [
          key,
          Buffer.from(value),
        ]),
      ]);
    } catch {
      return undefined;
    }
  }

  /** A Secret belongs to its pod and goes with it. */
  remove(namespace: string, name: string): void {
    rmSync(this.#path(namespace, name), { force: true });
  }

  close(): void {
    this.#watcher.close();
  }

  #path(namespace: string, name: string): string {
    return join(this.#directory, `${namespace}.${name}.json`);
  }
}
