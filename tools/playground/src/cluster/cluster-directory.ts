import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from './json.ts';

/**
 * The objects that a cluster would make by itself (Pods with status, Services with addresses, EndpointSlices), as files for the
 * catalog-watcher. Each file is replaced by renaming: its reader never sees a part.
 */
export class ClusterDirectory {
  readonly path: string;
  readonly #staging: string;
  readonly #written = new Map<string, string>();

  constructor(path: string) {
    this.path = path;
    this.#staging = `${path}.staging`;
    for (const directory of [path, this.#staging]) {
      rmSync(directory, { recursive: true, force: true });
      mkdirSync(directory, { recursive: true });
    }
  }

  /** Makes the directory hold exactly these objects; touches only files that differ. */
  replace(objects: readonly JsonObject[]): void {
    const wanted = new Map(
      objects.map((object) => [fileName(object), `${JSON.stringify(object, null, 1)}\n`]),
    );
    for (const [name, text] of wanted) {
      if (this.#written.get(name) === text) continue;
      writeFileSync(join(this.#staging, name), text);
      renameSync(join(this.#staging, name), join(this.path, name));
      this.#written.set(name, text);
    }
    for (const name of this.#written.keys()) {
      if (wanted.has(name)) continue;
      rmSync(join(this.path, name), { force: true });
      this.#written.delete(name);
    }
  }
}

function fileName(object: JsonObject): string {
  const { kind, metadata } = object as {
    kind: string;
    metadata: { namespace: string; name: string };
  };
  return `${kind.toLowerCase()}.${metadata.namespace}.${metadata.name}.yaml`;
}
