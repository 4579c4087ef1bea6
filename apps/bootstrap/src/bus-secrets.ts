import { serviceNames } from '@osm/bus';
import { updateBusFiles, type BusFiles } from '@osm/bus/installation';
import { MeshError } from '@osm/prelude';
import type { Config } from './config.ts';
import type { Secrets } from './secrets.ts';

/** Where the chart mounts the Secrets of the NATS servers. */
const serverDirectory = '/etc/nats';
const storeDirectory = '/data';

/** Secret names by folder of the bus' files: who mounts one sees nothing of the others. */
function secretOf(path: string): { readonly secret: string; readonly key: string } {
  const parts = path.split('/');
  const key = parts.at(-1) ?? '';
  switch (parts[0]) {
    case 'authority':
      return { secret: 'osm-bus-authority', key };
    case 'server':
      return { secret: 'osm-bus-server', key };
    default:
      return { secret: `osm-bus-${parts[1] ?? ''}`, key };
  }
}

/**
 * Makes keys and certificates of the bus, and keeps those that are there. Every service finds its own in the Secret
 * `osm-bus-<service>`.
 *
 * @returns The names of the Secrets that were written.
 */
export async function bootstrapBus(
  secrets: Secrets,
  config: Pick<Config, 'busStep' | 'meshNamespace' | 'natsHost' | 'natsReplicas'>,
  nowMs: number,
): Promise<readonly string[]> {
  const before = await readFiles(secrets);
  const host = `${config.natsHost}.${config.meshNamespace}`;
  const members = Array.from(
    { length: config.natsReplicas },
    (_, index) => `${config.natsHost}-${index}.${host}.svc:6222`,
  );
  const after = await updateBusFiles(before, {
    step: config.busStep,
    hosts: [config.natsHost, host, `${host}.svc`, `*.${host}.svc`, 'localhost'],
    serverDirectory,
    storeDir: storeDirectory,
    nowMs,
    // A server of a cluster takes its name from its pod (the chart sets SERVER_NAME).
    ...(config.natsReplicas > 1
      ? { serverName: '$SERVER_NAME', cluster: { name: 'osm', port: 6222, members } }
      : {}),
  }).catch((thrown: unknown) => {
    throw inSecret(thrown, before);
  });
  const was = bySecret(before);
  const written: string[] = [];
  for (const [name, texts] of bySecret(after)) {
    if (isEqual(was.get(name), texts)) continue;
    await secrets.write(name, texts);
    written.push(name);
  }
  return written;
}

const folders = ['authority', 'server', ...serviceNames().map((service) => `services/${service}`)];

async function readFiles(secrets: Secrets): Promise<BusFiles> {
  const files = new Map<string, string>();
  for (const folder of folders) {
    const { secret } = secretOf(`${folder}/`);
    for (const [key, text] of (await secrets.read(secret)) ?? []) {
      files.set(`${folder}/${key}`, text);
    }
  }
  return files;
}

/** Files are named in the message; who reads it knows Secrets only. */
function inSecret(thrown: unknown, files: BusFiles): MeshError {
  const cause = MeshError.from(thrown);
  const path = [...files.keys()].find((each) => cause.message.includes(each));
  if (path === undefined) return cause;
  const { secret, key } = secretOf(path);
  const said = cause.message.replace(path, key);
  const remedy = 'delete that Secret and run this again (osm mesh upgrade): it is made anew';
  return new MeshError(cause.code, `Secret ${secret}: ${said}; ${remedy}`, { cause });
}

function bySecret(files: BusFiles): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const grouped = new Map<string, Map<string, string>>();
  for (const [path, text] of files) {
    const { secret, key } = secretOf(path);
    grouped.set(secret, (grouped.get(secret) ?? new Map()).set(key, text));
  }
  return grouped;
}

function isEqual(
  before: ReadonlyMap<string, string> | undefined,
  after: ReadonlyMap<string, string>,
): boolean {
  if (before?.size !== after.size) return false;
  return [...after].every(([key, text]) => before.get(key) === text);
}
