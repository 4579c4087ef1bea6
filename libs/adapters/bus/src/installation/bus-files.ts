import { MeshError } from '@osm/prelude';
import { createServiceKey, parseSeed, publicKeyOf, renderCredentials } from '../credentials.ts';
import { renderNatsConfig, type NatsConfigOptions } from '../nats-config.ts';
import { meshRights, serviceNames, type MeshRights } from '../rights.ts';
import {
  createBusAuthority,
  createServerCertificate,
  isServerCertificateGood,
  type CertificatePair,
} from './server-certificate.ts';

/**
 * Contents by path. Who gets what:
 *
 * - `authority/ca.crt`, `ca.key`, `next.crt`, `next.key`, `keys.json`: nobody; kept by whoever installs, for the next step.
 * - `server/nats.conf`, `tls.crt`, `tls.key`, `ca.crt`: the NATS servers. Reload them (SIGHUP) when one of these changes.
 * - `services/<service>/credentials`, `ca.crt`: that service, as --nats-credentials and --nats-ca. It notices changes itself.
 */
export type BusFiles = ReadonlyMap<string, string>;

/**
 * `create`: makes what is missing, renews a certificate that has less than a third of its life left, and changes nothing else. `rotate`:
 * also makes new keys for all, and a new CA; the old ones stay good. `retire`: ends what was good before the last `rotate`; call it when
 * everybody has the new files.
 */
export type BusStep = 'create' | 'rotate' | 'retire';

export interface BusFilesOptions {
  readonly step: BusStep;
  /** DNS names by which services and servers call the servers. */
  readonly hosts: readonly string[];
  /** Where the servers will find the files of `server/`. */
  readonly serverDirectory: string;
  /** Where JetStream keeps its files. */
  readonly storeDir: string;
  readonly nowMs: number;
  /** Default 0.0.0.0. */
  readonly listenHost?: string;
  /** Default 4222. */
  readonly port?: number;
  readonly serverName?: string;
  readonly cluster?: NatsConfigOptions['cluster'];
  readonly storeBytesMax?: number;
  /** Default a year. */
  readonly certificateValidityMs?: number;
  readonly rights?: MeshRights;
}

const yearMs = 365 * 24 * 3_600_000;

/** Makes the files of the next step from those of the last one; none at first. */
export async function updateBusFiles(files: BusFiles, options: BusFilesOptions): Promise<BusFiles> {
  const rights = options.rights ?? meshRights;
  const next = new Map<string, string>();
  const users = updateKeys(files, next, options.step, serviceNames(rights));
  const roots = await updateAuthority(files, next, options);
  for (const service of serviceNames(rights)) next.set(`services/${service}/ca.crt`, roots);
  next.set('server/ca.crt', roots);
  const inServer = (name: string): string => `${options.serverDirectory}/${name}`;
  const { serverName, cluster, storeBytesMax } = options;
  const config = renderNatsConfig({
    host: options.listenHost ?? '0.0.0.0',
    port: options.port ?? 4222,
    storeDir: options.storeDir,
    users,
    rights,
    tls: {
      certFile: inServer('tls.crt'),
      keyFile: inServer('tls.key'),
      caFile: inServer('ca.crt'),
    },
    ...(serverName === undefined ? {} : { serverName }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(storeBytesMax === undefined ? {} : { storeBytesMax }),
  });
  return next.set('server/nats.conf', config);
}

/** Keys that the server accepts, per service; the newest, which the service has, comes first. */
function updateKeys(
  files: BusFiles,
  next: Map<string, string>,
  step: BusStep,
  services: readonly string[],
): NatsConfigOptions['users'] {
  const known = parseKeys(files.get('authority/keys.json'));
  const keys: Record<string, readonly string[]> = {};
  for (const service of services) {
    const path = `services/${service}/credentials`;
    const before = files.get(path);
    const current = before === undefined ? undefined : publicKeyOf(parseSeed(before, path));
    if (before === undefined || current === undefined || step === 'rotate') {
      const made = createServiceKey();
      next.set(path, renderCredentials(service, made.seed));
      // Of older keys only the one in use until now stays: each rotation ends what the one before it kept.
      keys[service] = [made.publicKey, ...(current === undefined ? [] : [current])];
    } else {
      next.set(path, before);
      const older = (known[service] ?? []).filter((key) => key !== current);
      keys[service] = step === 'retire' ? [current] : [current, ...older];
    }
  }
  next.set('authority/keys.json', `${JSON.stringify(keys, undefined, 2)}\n`);
  return services.flatMap((service) =>
    (keys[service] ?? []).map((publicKey) => ({ service, publicKey })),
  );
}

/** Keeps the CA and the server's certificate; returns the roots to trust, the one that signs first. */
async function updateAuthority(
  files: BusFiles,
  next: Map<string, string>,
  { step, hosts, nowMs, certificateValidityMs }: BusFilesOptions,
): Promise<string> {
  const before = pairOf(files, 'authority/ca');
  const coming = pairOf(files, 'authority/next');
  const ends = step === 'retire' && coming !== undefined;
  const authority = ends ? coming : (before ?? (await createBusAuthority(nowMs)));
  // A new CA is trusted for one step before it signs: nobody meets a certificate of a CA that he has not heard of.
  const successor =
    step === 'rotate' && before !== undefined
      ? (coming ?? (await createBusAuthority(nowMs)))
      : ends
        ? undefined
        : coming;
  put(next, 'authority/ca', authority);
  if (successor !== undefined) put(next, 'authority/next', successor);
  const server = pairOf(files, 'server/tls');
  const keeps = step === 'create' && server !== undefined;
  if (keeps && isServerCertificateGood(server, { authority, hosts, nowMs }))
    put(next, 'server/tls', server);
  else
    put(
      next,
      'server/tls',
      await createServerCertificate({
        authority,
        hosts,
        nowMs,
        validityMs: certificateValidityMs ?? yearMs,
      }),
    );
  return authority.certificate + (successor?.certificate ?? '');
}

function pairOf(files: BusFiles, name: string): CertificatePair | undefined {
  const certificate = files.get(`${name}.crt`);
  const key = files.get(`${name}.key`);
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}

function put(files: Map<string, string>, name: string, pair: CertificatePair): void {
  files.set(`${name}.crt`, pair.certificate);
  files.set(`${name}.key`, pair.key);
}

function parseKeys(text: string | undefined): Readonly<Record<string, readonly string[]>> {
  if (text === undefined) return {};
  try {
    return JSON.parse(text) as Record<string, readonly string[]>;
  } catch (cause) {
    const message = 'authority/keys.json of the bus is no JSON: restore it, or begin anew';
    throw new MeshError('invalid_config', message, { cause });
  }
}
