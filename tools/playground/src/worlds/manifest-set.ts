import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MeshError } from '@osm/prelude';
import { isObject, type Json, type JsonObject } from '../cluster/json.ts';
import { parseManifestFile } from '../cluster/manifests.ts';
import { deletionOf } from './deletion.ts';

/** The objects of a directory of manifests, changed as with `kubectl apply`, `delete` and `rollout restart`: one file per object. */
export class ManifestSet {
  readonly directory: string;
  readonly #objects = new Map<string, JsonObject>();

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true });
  }

  /** Writes the objects of a text. Returns what is wrong with it; the other objects are written all the same. */
  apply(text: string): readonly string[] {
    const { manifests, problems } = parseManifestFile('world', text);
    for (const manifest of manifests) this.#put(manifest);
    return problems.map((problem) => `line ${problem.line}: ${problem.message}`);
  }

  /** `kubectl delete` with these arguments. Objects that are not there are no error. */
  delete(args: readonly string[]): void {
    const isMeant = deletionOf(args);
    for (const [key, body] of [...this.#objects]) {
      const [kind = '', namespace = '', name = ''] = key.split('/');
      if (isMeant({ kind, namespace, name, body })) this.#remove(key);
    }
  }

  /** `kubectl rollout restart`: new pods by a changed annotation of the template. */
  restart(namespace: string, name: string, stamp: string): void {
    const object = this.#objects.get(`Deployment/${namespace}/${name}`);
    if (object === undefined)
      throw new MeshError('not_found', `there is no Deployment ${namespace}/${name} to restart`);
    const patch = {
      spec: {
        template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': stamp } } },
      },
    };
    this.#put({
      kind: 'Deployment',
      namespace,
      name,
      body: mergePatch(object, patch) as JsonObject,
    });
  }

  /** Merge patch of the spec of MeshConfig osm-mesh-config; undefined removes the object. */
  patchMeshConfig(patch: JsonObject | undefined): void {
    const [kind, namespace, name] = ['MeshConfig', 'osm-system', 'osm-mesh-config'];
    const key = `${kind}/${namespace}/${name}`;
    if (patch === undefined) return this.#remove(key);
    const none = {
      apiVersion: 'config.openservicemesh.io/v1alpha2',
      kind,
      metadata: { namespace, name },
      spec: {},
    };
    this.#put({
      kind,
      namespace,
      name,
      body: mergePatch(this.#objects.get(key) ?? none, { spec: patch }) as JsonObject,
    });
  }

  clear(): void {
    for (const key of [...this.#objects.keys()]) this.#remove(key);
  }

  #put(manifest: {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly body: JsonObject;
  }): void {
    const key = `${manifest.kind}/${manifest.namespace}/${manifest.name}`;
    this.#objects.set(key, manifest.body);
    const path = this.#path(key);
    writeFileSync(`${path}.next`, `${JSON.stringify(manifest.body, null, 1)}\n`);
    renameSync(`${path}.next`, path);
  }

  #remove(key: string): void {
    if (this.#objects.delete(key)) rmSync(this.#path(key), { force: true });
  }

  #path(key: string): string {
    return join(this.directory, `${key.replaceAll('/', '.').toLowerCase()}.yaml`);
  }
}

/** JSON merge patch (RFC 7386). */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else if (value !== undefined) result.set(key, mergePatch(result.get(key), value));
  }
  return Object.fromEntries(result);
}
