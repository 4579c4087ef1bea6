import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBus } from '@osm/bus';
import { MeshServices, type ServiceName } from '@osm/playground';
import { createLogger, createMetrics } from '@osm/telemetry';
import { until } from '../../src/waiting.ts';
import { recordAds, type AdsRecorder } from './ads-recorder.ts';
import {
  bareAccounts,
  barePod,
  fixedManifests,
  namespace,
  targetManifest,
  type BareAccount,
} from './bare-manifests.ts';
import { createBadLink, type BadLink } from './bad-link.ts';
import { issueProxyIdentity } from './identities.ts';
import { createNatsServers, type NatsServers } from './nats-servers.ts';

/** The five services as processes on real NATS, and proxies that record what they are told. No pod runs, and nothing needs root. */
export interface ControlPlane {
  readonly nats: NatsServers;
  /** Between the services and the first NATS server. */
  readonly link: BadLink;
  readonly services: MeshServices;
  readonly proxies: Readonly<Record<BareAccount, AdsRecorder>>;
  /** Says who may call a service; nobody at all removes the policy. Takes effect when the services have noticed. */
  readonly allow: (destination: BareAccount, ...sources: readonly BareAccount[]) => void;
  /** Puts a file beside the mesh's, in one step; undefined removes it. */
  readonly write: (name: string, text: string | undefined) => void;
  readonly close: () => Promise<void>;
}

interface Options {
  /** An address of the loopback that no other control plane uses. */
  readonly host: string;
  readonly natsServers: 1 | 3;
  /** Processes per service. */
  readonly replicas: number;
}

export async function startControlPlane(options: Options): Promise<ControlPlane> {
  const { host } = options;
  const home = mkdtempSync(join(tmpdir(), 'osm-e2e-nats-'));
  const directory = join(home, 'mesh');
  mkdirSync(directory);
  const write = (name: string, text: string | undefined): void => {
    const file = join(directory, name);
    if (text === undefined) return rmSync(file, { force: true });
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  const allow: ControlPlane['allow'] = (destination, ...sources) =>
    write(
      `target-${destination}.yaml`,
      sources.length === 0 ? undefined : targetManifest(destination, sources),
    );
  write('fixed.yaml', fixedManifests());
  allow('shop', 'buyer');

  const nats = await createNatsServers({
    directory: join(home, 'nats'),
    host,
    size: options.natsServers,
  });
  await Promise.all(nats.nodes.map((node) => node.start()));
  const link = await createBadLink(host, nats.nodes[0]?.port ?? 0);
  const url =
    options.natsServers === 1
      ? `nats://${host}:${link.port}`
      : nats.nodes.map((node) => `nats://${node.host}:${node.port}`).join(',');
  const services = await MeshServices.start({
    natsServer: '',
    nats: {
      url,
      flags: (service) => [
        ...['--nats-credentials', nats.credentials(service)],
        ...['--nats-replicas', `${options.natsServers}`],
      ],
    },
    stateDirectory: join(home, 'state'),
    host,
    xdsAddress: host,
    directories: [directory],
    replicas: options.replicas,
    onChange: () => undefined,
    report: () => undefined,
  });
  const proxies = await startProxies(url, nats, services);
  return {
    nats,
    link,
    services,
    proxies,
    allow,
    write,
    close: async () => {
      for (const proxy of Object.values(proxies)) proxy.close();
      await services.close();
      await Promise.all([link.close(), nats.close()]);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function startProxies(
  url: string,
  nats: NatsServers,
  services: MeshServices,
): Promise<ControlPlane['proxies']> {
  const bus = createBus({
    url,
    credentialsFile: nats.credentials('injector'),
    name: 'injector',
    instance: 'test',
    log: createLogger('test', 'error'),
    metrics: createMetrics(),
  });
  await until('the test is connected to NATS', 10_000, () => bus.connected());
  const targets = services
    .ownServices()
    .flatMap(({ rules }) => rules.flatMap(({ endpoints }) => endpoints))
    .map(({ ip, port }) => `${ip}:${port}`);
  const start = async (account: BareAccount): Promise<AdsRecorder> =>
    recordAds(targets, await issueProxyIdentity(bus, { namespace, ...barePod(account) }));
  const started = await Promise.all(
    bareAccounts.map(async (account) => [account, await start(account)] as const),
  );
  await bus.close();
  const proxies = Object.fromEntries(started) as Record<BareAccount, AdsRecorder>;
  await until('the proxies are configured', 20_000, () => {
    const names = Object.values(proxies).map((proxy) => [...proxy.holds().keys()].join());
    return (
      mayCall(proxies.buyer, 'shop') && names.every((all) => all.includes('route rds-inbound'))
    );
  });
  return proxies;
}

/** The proxy has anything of a service that is not its own. */
export function knows(proxy: AdsRecorder, service: BareAccount): boolean {
  return [...proxy.holds().keys()].some((key) => key.includes(`${namespace}/${service}`));
}

/** The proxy has everything with which a client calls a service. */
export function mayCall(proxy: AdsRecorder, service: BareAccount): boolean {
  const names = [...proxy.holds().keys()].join(' ');
  return ['cluster', 'endpoint', 'listener', 'route'].every((type) =>
    new RegExp(`(^| )${type} (outbound\\.)?${namespace}/${service}`).test(names),
  );
}

/** A metric of every replica of a service, summed over its labels that match. */
export async function metric(
  services: MeshServices,
  service: ServiceName,
  pattern: RegExp,
): Promise<readonly number[]> {
  return Promise.all(
    services.of(service).map(async ({ http }) => {
      const text = await (await fetch(`${http}/metrics`)).text();
      return text
        .split('\n')
        .filter((line) => pattern.test(line) && !line.startsWith('#'))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
    }),
  );
}

/** Whether every replica of a service says that its memory follows each bucket it uses. */
export async function isSynced(services: MeshServices, service: ServiceName): Promise<boolean> {
  const texts = await Promise.all(
    services.of(service).map(async ({ http }) => (await fetch(`${http}/metrics`)).text()),
  );
  const values = texts.flatMap((text) => text.match(/^osm_bus_synced\{.*$/gm) ?? []);
  return values.length > 0 && values.every((line) => line.endsWith(' 1'));
}

/** `/health/ready` of every replica of a service: status and text. */
export async function readiness(
  services: MeshServices,
  service: ServiceName,
): Promise<readonly string[]> {
  return Promise.all(
    services.of(service).map(async ({ http }) => {
      const response = await fetch(`${http}/health/ready`);
      return `${response.status} ${(await response.text()).trim()}`;
    }),
  );
}
