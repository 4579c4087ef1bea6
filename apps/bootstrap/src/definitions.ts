import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { apiVersionOf, resourcePath, resourceTypes, type ApiServer } from '@osm/kubernetes';
import { MeshError } from '@osm/prelude';

const retryMs = 500;
/** A new definition is served within a second or two. */
const attemptsMax = 60;

/** Applies every CustomResourceDefinition of a directory. Returns their names. */
export async function applyDefinitions(
  server: ApiServer,
  directory: string,
): Promise<readonly string[]> {
  const names: string[] = [];
  // A mounted ConfigMap has folders beside its files.
  const files = readdirSync(directory).filter((file) => file.endsWith('.yaml'));
  for (const file of files.sort()) {
    const text = readFileSync(join(directory, file), 'utf8');
    const name = /^ {2}name: (\S+)$/m.exec(text)?.[1];
    if (name === undefined)
      throw new MeshError(
        'invalid_config',
        `${join(directory, file)} names no definition (--crds)`,
      );
    await server.apply(
      resourcePath(resourceTypes.customResourceDefinition, { name }),
      text,
      'osm-bootstrap',
    );
    names.push(name);
  }
  return names;
}

/** Gives a mesh without a MeshConfig one; a MeshConfig that is there is never touched. Returns whether it was made. */
export async function createMeshConfig(
  server: ApiServer,
  options: { readonly namespace: string; readonly name: string; readonly spec: unknown },
): Promise<boolean> {
  const { namespace, name, spec } = options;
  const body = {
    apiVersion: apiVersionOf(resourceTypes.meshConfig),
    kind: resourceTypes.meshConfig.kind,
    metadata: { name, namespace },
    spec,
  };
  for (let attempt = 1; ; attempt++) {
    try {
      await server.ask({
        method: 'POST',
        path: resourcePath(resourceTypes.meshConfig, { namespace }),
        body,
      });
      return true;
    } catch (thrown) {
      const error = MeshError.from(thrown);
      if (error.code === 'api_conflict') return false;
      // The definition was applied a moment ago and is not served yet.
      if (error.code !== 'not_found' || attempt === attemptsMax) throw error;
      // A timer that keeps the process alive, which those of the services' clock do not.
      await setTimeout(retryMs);
    }
  }
}
