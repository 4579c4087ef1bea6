import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MeshError } from '@osm/prelude';
import { isObject, type Json, type JsonObject } from '../cluster/json.ts';
import { parseManifestFile } from '../cluster/manifests.ts';

/** The objects of a directory of manifests, changed as with `kubectl apply`, `delete` and `rollout restart`: one file per object. */
export class ManifestSet {
  readonly directory: string;
  readonly #objects = new Map<string, JsonObject>();

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true });
  }

  apply(text: string): void {
    const { manifests, problems } = parseManifestFile('world', text);
    const problem = problems[0];
    if (problem !== undefined)
      throw new MeshError('invalid_config', `line ${problem.line}: ${problem.message}`);
    for (const manifest of manifests) this.#put(manifest);
  }

  /** `kubectl delete` with these arguments: a kind, `-n NAMESPACE`, names. */
  delete(args: readonly string[]): void {
    const at = args.indexOf('-n');
    const namespace = at < 0 ? 'default' : (args[at + 1] ?? '');
    const [kind = '', ...names] = args.filter((_, i) => at < 0 || (i !== at && i !== at + 1));
    for (const key of [...this.#objects.keys()]) {
      const [ownKind = '', ownNamespace, name = ''] = key.split('/');
      if (
        ownKind.toLowerCase() !== kind.toLowerCase().replace(/s$/, '') ||
        ownNamespace !== namespace ||
        !names.includes(name)
      )
        continue;
      this.#remove(key);
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
  const result: Record<string, Json | undefined> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (value !== undefined) result[key] = mergePatch(result[key], value);
  }
  return result;
}
