import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@osm/bus';
import { MeshError } from '@osm/prelude';
import { createRemoteFleet, type RemoteFleet } from '../fleet/remote-fleet.ts';
import { renderMesh } from '../mesh/files.ts';
import { createMeshDirectory, type MeshDirectory } from '../mesh/mesh-directory.ts';
import { planMesh, type MeshPlan, type MeshShape } from '../mesh/plan.ts';
import { issueProxyIdentities, issue, type IssuedIdentity } from './certificates.ts';
import { bundlePeer } from './bundle.ts';
import { startChild, type Child } from './child.ts';
import type { Cleanup } from './cleanup.ts';
import { startBusServer } from './nats.ts';
import {
  readMetric,
  serviceNames,
  startServices,
  waitUntilReady,
  type Service,
  type ServiceName,
} from './services.ts';
import { readUsage, type ProcessUsage } from './usage.ts';

/** What the services used, and what the compiler made, since they started. */
export interface Snapshot {
  readonly usage: Readonly<Record<ServiceName, ProcessUsage>>;
  readonly fleetCpuSeconds: number;
  readonly encoded: number;
}

export interface Used {
  readonly cpuSeconds: Readonly<Record<ServiceName, number>>;
  /** Of the fake proxies: what a benchmark on one machine takes away from the services. */
  readonly fleetCpuSeconds: number;
  readonly encoded: number;
}

/** NATS, the five services with a mesh loaded, and a fleet that has its certificates and is not connected yet. */
export interface World {
  readonly plan: MeshPlan;
  readonly directory: MeshDirectory;
  readonly fleet: RemoteFleet;
  /** From the start of the services until all are ready with the mesh compiled. */
  readonly loadMs: number;
  readonly snapshot: () => Promise<Snapshot>;
  /** The highest that the memory of the five services together has been, in samples taken every second. */
  readonly peakBytes: () => number;
  readonly since: (before: Snapshot, after: Snapshot) => Used;
  /** Resolves when no proxy received anything for a while. */
  readonly quiet: () => Promise<void>;
  /** Fails when a process of the world ends, or after the time that anything in a run may take. */
  readonly within: <T>(work: Promise<T>, what: string) => Promise<T>;
  /** Starts the bare fan-out server with a certificate of the mesh. */
  readonly startFanout: () => Promise<Child>;
}

export interface WorldOptions {
  readonly shape: MeshShape;
  /** Directory with `<service>/main.js`. */
  readonly bundles: string;
  /** Where cpu profiles go; undefined = none are made. */
  readonly profileDirectory: string | undefined;
  readonly note: (text: string) => void;
  /** Ends what was started, also when a signal comes while the world is still being started. */
  readonly cleanup: Cleanup;
}

const readyTimeoutMs = 120_000;
const stepTimeoutMs = 60_000;
const quietAfterNs = 100_000_000n;
const quietPollMs = 25;
const encodedMetric = 'osm_compiler_resources_encoded_total';

/** Name of the xDS server in its certificate. */
const xdsServerName = 'ads.cluster.local';

/** Starts everything; the cleanup ends it. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const { cleanup } = options;
  const state = await mkdtemp(join(tmpdir(), 'osm-bench-'));
  await cleanup.add(() => rm(state, { recursive: true, force: true }));
  const plan = planMesh(options.shape);
  const directory = await createMeshDirectory(state, renderMesh(plan));
  const nats = await startBusServer(state);
  await cleanup.add(nats.close);
  const nodeFlags = (name: string): string[] => profileFlags(name, options);
  const xdsPort = await freePort('127.0.0.1');
  const startedAt = performance.now();
  const services = await startServices({
    bundles: resolve(options.bundles),
    directory: state,
    meshDirectory: directory.path,
    natsUrl: nats.url,
    credentials: nats.credentials,
    xdsPort,
    nodeFlags,
  });
  const children = [...services.values()].map((service) => service.child);
  await cleanup.add(async () => {
    await Promise.all(children.map((child) => child.stop()));
  });
  await waitUntilReady(services, readyTimeoutMs);
  const peak = watchPeak(services);
  await cleanup.add(peak.stop);
  const loadMs = performance.now() - startedAt;
  options.note(`services ready with the mesh after ${Math.round(loadMs)} ms`);
  const bus = await nats.connect();
  await cleanup.add(bus.close);
  const identities = join(state, 'identities.json');
  await writeFile(identities, JSON.stringify(await issueProxyIdentities(bus, plan)), {
    mode: 0o600,
  });
  options.note('bootstrap certificates issued');
  const start = async (name: string, args: readonly string[]): Promise<Child> => {
    const child = await startPeer(name, args, { nodeFlags: nodeFlags(name), state });
    children.push(child);
    return child;
  };
  const fleetProcess = await start('fleet', [`127.0.0.1:${xdsPort}`, xdsServerName, identities]);
  const fleet = createRemoteFleet(fleetProcess);
  await fleet.lastMessageNs();
  const died = Promise.race(children.map((child) => child.died));
  return {
    plan,
    directory,
    fleet,
    loadMs,
    snapshot: () => takeSnapshot(services, fleetProcess),
    peakBytes: peak.bytes,
    since,
    quiet: () => untilQuiet(fleet),
    within: (work, what) => within({ work, what, died, fleet }),
    startFanout: async () => {
      const file = join(state, 'fanout.json');
      const identity: IssuedIdentity = await issue(bus, {
        kind: { $case: 'controlPlane', value: { name: 'osm-injector', dnsNames: [] } },
      });
      await writeFile(file, JSON.stringify(identity), { mode: 0o600 });
      return start('fanout', [file]);
    },
  };
}

/** Starts a process of the bench's own, the fleet or the fan-out. */
async function startPeer(
  name: string,
  args: readonly string[],
  options: { readonly nodeFlags: readonly string[]; readonly state: string },
): Promise<Child> {
  return startChild({
    name,
    command: process.execPath,
    args: [...options.nodeFlags, await bundlePeer(name, options.state), ...args],
    cwd: options.state,
    logFile: join(options.state, `${name}.log`),
    ipc: true,
  });
}

function profileFlags(name: string, { profileDirectory, shape }: WorldOptions): string[] {
  if (profileDirectory === undefined) return [];
  const file = `${name}-${shape.services}-${shape.mode}.cpuprofile`;
  return ['--cpu-prof', `--cpu-prof-dir=${resolve(profileDirectory)}`, `--cpu-prof-name=${file}`];
}

const sampleEveryMs = 1000;

/** Watches the memory of the services from now on. */
function watchPeak(services: ReadonlyMap<ServiceName, Service>) {
  let peak = 0;
  const sample = async (): Promise<void> => {
    const usages = await Promise.all(
      [...services.values()].map(({ child }) => readUsage(child.pid)),
    );
    peak = Math.max(
      peak,
      usages.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
    );
  };
  // A service that has ended has no usage; whoever waits for it says so.
  const timer = setInterval(() => void sample().catch(() => undefined), sampleEveryMs);
  return {
    bytes: () => peak,
    stop: () => {
      clearInterval(timer);
      return Promise.resolve();
    },
  };
}

async function takeSnapshot(
  services: ReadonlyMap<ServiceName, Service>,
  fleet: Child,
): Promise<Snapshot> {
  const entries = await Promise.all(
    [...services].map(
      async ([name, service]) => [name, await readUsage(service.child.pid)] as const,
    ),
  );
  const compiler = services.get('policy-compiler');
  return {
    usage: Object.fromEntries(entries) as Record<ServiceName, ProcessUsage>,
    fleetCpuSeconds: (await readUsage(fleet.pid)).cpuSeconds,
    encoded: compiler === undefined ? 0 : await readMetric(compiler, encodedMetric),
  };
}

function since(before: Snapshot, after: Snapshot): Used {
  const cpu = serviceNames.map(
    (name) => [name, after.usage[name].cpuSeconds - before.usage[name].cpuSeconds] as const,
  );
  return {
    cpuSeconds: Object.fromEntries(cpu) as Record<ServiceName, number>,
    fleetCpuSeconds: after.fleetCpuSeconds - before.fleetCpuSeconds,
    encoded: after.encoded - before.encoded,
  };
}

async function untilQuiet(fleet: RemoteFleet): Promise<void> {
  const asked = process.hrtime.bigint();
  for (;;) {
    const last = await fleet.lastMessageNs();
    const since = process.hrtime.bigint() - (last > asked ? last : asked);
    if (since > quietAfterNs) return;
    await sleep(quietPollMs);
  }
}

async function within<T>(options: {
  readonly work: Promise<T>;
  readonly what: string;
  readonly died: Promise<string>;
  readonly fleet: RemoteFleet;
}): Promise<T> {
  const abort = new AbortController();
  const late = sleep(stepTimeoutMs, undefined, { signal: abort.signal }).then(async () => {
    const missing = (await options.fleet.missing()).join('\n  ');
    throw new MeshError(
      'unknown',
      `${options.what} is not there after ${stepTimeoutMs} ms.\n  ${missing}`,
    );
  });
  late.catch(() => undefined);
  const dead = options.died.then((how) => {
    throw new MeshError('io', how);
  });
  dead.catch(() => undefined);
  try {
    return await Promise.race([options.work, late, dead]);
  } finally {
    abort.abort();
  }
}
