import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseManifests, type Manifest } from '@osm/resources';

/** What a user of OSM brings along: the policies of its demo, and one of each kind and form of its guides. */
export function osmManifests(): readonly Manifest[] {
  const directory = join(import.meta.dirname, 'manifests');
  return readdirSync(directory).flatMap((file) => {
    const { manifests, diagnostics } = parseManifests(readFileSync(join(directory, file), 'utf8'), {
      file,
    });
    if (diagnostics.length > 0) throw new Error(`${file}: ${diagnostics[0]?.message}`);
    return manifests;
  });
}
