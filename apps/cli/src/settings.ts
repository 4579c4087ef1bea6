import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { MeshError } from '@osm/prelude';
import { parse, stringify } from 'yaml';

/** The file of `osm env`, as OSM: who installed, and where. */
export interface Settings {
  readonly kind: 'managed' | 'self-hosted';
  readonly distribution: string;
  readonly namespace: string;
}

const defaults: Settings = { kind: 'self-hosted', distribution: '', namespace: 'osm-system' };

/**
 * Reads the file that `OSM_CONFIG` names, or `~/.osm/config.yaml`; without one the defaults hold. Fields that the file omits have their
 * defaults (in OSM they were empty, and so was the namespace).
 */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const path = environment['OSM_CONFIG'] ?? join(homedir(), '.osm/config.yaml');
  if (!existsSync(path)) return defaults;
  let found: { readonly install?: Partial<Settings> } | null;
  try {
    found = parse(readFileSync(path, 'utf8')) as typeof found;
  } catch (cause) {
    throw new MeshError('invalid_config', `${path} is no YAML; mend it or remove it`, { cause });
  }
  const install = found?.install ?? {};
  if (install.kind !== undefined && !['managed', 'self-hosted'].includes(install.kind)) {
    throw new MeshError('invalid_config', `${path}: install.kind is managed or self-hosted`);
  }
  return { ...defaults, ...install };
}

/** `osm env`. */
export function renderSettings(settings: Settings): string {
  return `---\n${stringify({ install: settings }).trimEnd()}`;
}
