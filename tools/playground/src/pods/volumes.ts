import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { err, ok, type Result } from '@osm/prelude';
import type { PodFacts } from './environment.ts';
import type { SandboxMount } from './sandbox.ts';
import type { Volume } from './pod-spec.ts';

/** Makes the pod's volumes in its directory, and says how they get into its sandbox. The error names what is missing. */
export function prepareVolumes(
  directory: string,
  volumes: readonly Volume[],
  facts: PodFacts,
): Result<SandboxMount[], string> {
  const mounts: SandboxMount[] = [];
  for (const volume of volumes) {
    const target = `volumes/${volume.name}`;
    if (volume.kind === 'hostPath') {
      mounts.push({ source: volume.path, target, readOnly: false });
      continue;
    }
    const path =
      volume.kind === 'claim'
        ? join(claimsOf(directory), facts.namespace, volume.claim)
        : join(directory, target);
    mkdirSync(path, { recursive: true, mode: 0o755 });
    // The containers' users are not ours, and may differ.
    if (volume.kind !== 'object') chmodSync(path, 0o777);
    mounts.push({ source: path, target, readOnly: false });
    if (volume.kind === 'object') {
      const written = refreshVolume(directory, volume, facts);
      if (written.kind === 'error') return written;
    }
  }
  return ok(mounts);
}

/** Where the directories of PersistentVolumeClaims are: beside those of the pods, for as long as the playground runs. */
function claimsOf(podDirectory: string): string {
  return join(dirname(dirname(podDirectory)), 'claims');
}

/**
 * Writes the files of a ConfigMap or Secret volume, all in one step: the directory of the current files is reached through the link
 * `..data`, which is renamed into place (as the kubelet does it; Envoy's watched directories rely on it).
 */
export function refreshVolume(
  directory: string,
  volume: Volume,
  facts: PodFacts,
): Result<undefined, string> {
  if (volume.kind !== 'object') return ok(undefined);
  const contents = facts.contents(volume.source);
  if (contents === undefined && !volume.optional) {
    return err(
      `volume ${volume.name}: there is no ${volume.source.kind} ${volume.source.name} in namespace ${facts.namespace}`,
    );
  }
  const files = new Map<string, Buffer>();
  for (const [key, content] of contents ?? []) {
    if (volume.items.size === 0) files.set(key, content);
    else if (volume.items.has(key)) files.set(volume.items.get(key) ?? key, content);
  }
  publish(join(directory, 'volumes', volume.name), files);
  return ok(undefined);
}

function publish(path: string, files: ReadonlyMap<string, Buffer>): void {
  const earlier = currentGeneration(path);
  const generation = `..${Number(earlier?.slice(2) ?? 0) + 1}`;
  for (const [name, content] of files) {
    const file = join(path, generation, name);
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    // Readable for all: the container's user is not ours, and only the pod sees the directory.
    writeFileSync(file, content, { mode: 0o644 });
  }
  mkdirSync(join(path, generation), { recursive: true, mode: 0o755 });
  symlinkSync(generation, join(path, '..next'));
  renameSync(join(path, '..next'), join(path, '..data'));
  const wanted = new Set([...files.keys()].map((name) => name.split('/')[0] ?? name));
  const present = new Set(readdirSync(path).filter((name) => !name.startsWith('..')));
  for (const name of wanted)
    if (!present.has(name)) symlinkSync(`..data/${name}`, join(path, name));
  for (const name of present) if (!wanted.has(name)) rmSync(join(path, name), { force: true });
  if (earlier !== undefined) rmSync(join(path, earlier), { recursive: true, force: true });
}

function currentGeneration(path: string): string | undefined {
  try {
    return readlinkSync(join(path, '..data'));
  } catch {
    return undefined;
  }
}
