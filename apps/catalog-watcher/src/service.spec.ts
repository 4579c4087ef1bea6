import { buckets, type Bus } from '@osm/bus';
import { createMemoryBus, type MemoryBusHub } from '@osm/bus/testing';
import { Severity } from '@osm/proto-mesh';
import { createReadiness, type HttpHandler, type Readiness } from '@osm/runtime';
import { createMetrics, type Logger, type Metrics } from '@osm/telemetry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { patience, split, type WorldObject } from '../testing/source-contract.ts';
import { createFakeSource, type FakeSource } from '../testing/fake-source.ts';
import { runCatalogWatcher } from './service.ts';
import type { World } from './world.ts';
import type { ShownDiagnostic } from './diagnostics-board.ts';

const shop = (inMesh: boolean): WorldObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: 'shop',
    ...(inMesh ? { labels: { 'openservicemesh.io/monitored-by': 'osm' } } : {}),
  },
});

const meshConfig = (permissive: boolean): WorldObject => ({
  apiVersion: 'config.openservicemesh.io/v1alpha2',
  kind: 'MeshConfig',
  metadata: { name: 'osm-mesh-config', namespace: 'osm-system' },
  spec: { traffic: { enablePermissiveTrafficPolicyMode: permissive } },
});

interface Replica {
  readonly source: FakeSource;
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly bus: Bus;
  readonly logs: readonly { readonly level: string; readonly [field: string]: unknown }[];
  readonly diagnostics: () => Promise<readonly ShownDiagnostic[]>;
  readonly done: Promise<void>;
  readonly stop: () => Promise<void>;
}

function startReplica(hub: MemoryBusHub, instance: string): Replica {
  const abort = new AbortController();
  const source = createFakeSource();
  const readiness = createReadiness();
  const metrics = createMetrics();
  const logs: { level: string; [field: string]: unknown }[] = [];
  const write =
    (level: string) =>
    (message: string, fields = {}): void => {
      logs.push({ level, message, ...fields });
    };
  const log: Logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  };
  const routes = new Map<string, HttpHandler>();
  const bus = hub.connect({ instance });
  const config = {
    directory: [],
    kubeconfig: '',
    meshName: 'osm',
    meshNamespace: 'osm-system',
    trustDomain: 'cluster.local',
    natsUrl: '',
    natsCredentials: '',
    natsCa: '',
    natsPlaintext: false,
    natsReplicas: '1' as const,
    validatorConfigName: '',
    validatorPort: 0,
    validatorHost: '',
  };
  const http = { route: (path: string, handler: HttpHandler) => void routes.set(path, handler) };
  const context = { config, log, metrics, readiness, http, instance, signal: abort.signal };
  const lead: World['lead'] = (signal) =>
    bus.lease({ name: 'catalog-watcher', holder: instance, signal });
  const done = runCatalogWatcher(context, { bus, world: { source, lead } });
  return {
    source,
    readiness,
    metrics,
    bus,
    logs,
    diagnostics: async () => {
      const reply = await routes.get('/diagnostics')?.({ url: new URL('http://x/diagnostics') });
      return (JSON.parse(reply?.body ?? '') as { diagnostics: ShownDiagnostic[] }).diagnostics;
    },
    done,
    stop: async () => {
      abort.abort();
      await done.catch(() => undefined);
      await bus.close();
    },
  };
}

describe('catalog watcher', () => {
  let hub: MemoryBusHub;
  let replicas: Replica[];
  const start = (instance = 'one'): Replica => {
    const replica = startReplica(hub, instance);
    replicas.push(replica);
    return replica;
  };
  const keys = (): string => [...hub.contents(buckets.catalog).keys()].sort().join(' ');
  const weight = (): unknown => {
    const kind = hub.contents(buckets.catalog).get('trafficSplit.shop.a')?.kind;
    return kind?.$case === 'trafficSplit' ? kind.value.backends[0]?.weight : undefined;
  };
  beforeEach(() => {
    hub = createMemoryBus();
    replicas = [];
  });
  afterEach(async () => {
    for (const replica of replicas) await replica.stop();
  });

  it('writes nothing before the source is listed, and then all of it with an epoch', async () => {
    const { source, readiness } = start();
    source.put(shop(true), split('a', 1));
    await expect.poll(() => [...readiness.missing().keys()], patience).toEqual(['source']);
    expect(keys()).toBe('');
    source.listed();
    await expect.poll(() => hub.isComplete(buckets.catalog), patience).toBe(true);
    expect(keys()).toBe('meshSettings.=.= namespace.=.shop trafficSplit.shop.a');
    expect(readiness.missing().size).toBe(0);
  });

  it('writes changes and removals, and nothing for what means the same', async () => {
    const { source, metrics } = start();
    source.put(shop(true), split('a', 1));
    source.listed();
    await expect.poll(weight, patience).toBe(1);
    source.put({ ...split('a', 1), status: { seen: true } });
    source.put(split('a', 2));
    await expect.poll(weight, patience).toBe(2);
    const updates = (await metrics.render()).body
      .split('\n')
      .find((line) => line.includes('type="trafficsplit-updated",namespace="shop"'));
    expect(updates).toMatch(/ 1$/);
    source.remove(split('a', 2));
    await expect.poll(keys, patience).toBe('meshSettings.=.= namespace.=.shop');
  });

  it('shows the objects of a namespace while it is in the mesh', async () => {
    const { source } = start();
    source.put(shop(false), split('a', 1));
    source.listed();
    await expect.poll(keys, patience).toBe('meshSettings.=.=');
    source.put(shop(true));
    await expect.poll(keys, patience).toBe('meshSettings.=.= namespace.=.shop trafficSplit.shop.a');
    source.put(shop(false));
    await expect.poll(keys, patience).toBe('meshSettings.=.=');
  });

  it('writes default settings without a MeshConfig, and again when it is gone', async () => {
    const { source } = start();
    const permissive = (): unknown => {
      const kind = hub.contents(buckets.catalog).get('meshSettings.=.=')?.kind;
      return kind?.$case === 'meshSettings' ? kind.value.permissive : undefined;
    };
    source.listed();
    await expect.poll(permissive, patience).toBe(false);
    source.put(meshConfig(true));
    await expect.poll(permissive, patience).toBe(true);
    source.remove(meshConfig(true));
    await expect.poll(permissive, patience).toBe(false);
  });

  it('lets one of two replicas write; the other one takes over with what it has', async () => {
    const first = start('one');
    first.source.put(shop(true), split('a', 1));
    first.source.listed();
    await expect.poll(weight, patience).toBe(1);
    const second = start('two');
    second.source.put(shop(true), split('a', 2));
    second.source.listed();
    await expect.poll(() => second.readiness.missing().size, patience).toBe(0);
    first.source.put(split('a', 3));
    await expect.poll(weight, patience).toBe(3);
    await first.stop();
    replicas = [second];
    await expect.poll(weight, patience).toBe(2);
  });

  it('rebuilds a bucket that was wiped', async () => {
    const { source } = start();
    source.put(shop(true), split('a', 1));
    source.listed();
    await expect.poll(weight, patience).toBe(1);
    hub.disconnect();
    source.put(split('a', 2));
    hub.wipe();
    hub.reconnect();
    await expect.poll(weight, patience).toBe(2);
    expect(keys()).toBe('meshSettings.=.= namespace.=.shop trafficSplit.shop.a');
  });

  it('serves and logs diagnostics: its own, those of the source, those on the bus', async () => {
    const { source, diagnostics, logs, bus } = start();
    const broken = { ...split('b', 1), spec: { service: 'b' } };
    const object = { kind: 'TrafficSplit', namespace: 'shop', name: 'a', file: '', line: 0 };
    source.put(shop(true), split('a', 1), broken);
    source.tell('file x.yaml', 'invalid_yaml');
    source.listed();
    const compiler = bus.own(buckets.diagnostics);
    const said = {
      code: 'no_such_service',
      severity: Severity.SEVERITY_WARNING,
      object,
      message: 'm',
    };
    compiler.set('policy.TrafficSplit.shop.a', { diagnostics: [said] });
    compiler.complete();
    await expect
      .poll(async () => (await diagnostics()).map(({ code }) => code).sort(), patience)
      .toEqual(['invalid_yaml', 'missing_field', 'no_such_service']);
    expect((await diagnostics()).find(({ code }) => code === 'no_such_service')).toEqual({
      code: 'no_such_service',
      severity: 'warning',
      message: 'm',
      object: { ...object, file: 'a.yaml', line: 1 },
    });
    source.put(broken);
    source.put(split('b', 1));
    source.tell('file x.yaml');
    compiler.remove('policy.TrafficSplit.shop.a');
    await expect.poll(diagnostics, patience).toEqual([]);
    expect(logs.filter(({ level }) => level === 'warn')).toContainEqual({
      level: 'warn',
      message: 'diagnostic',
      code: 'missing_field',
      severity: 'error',
      object: 'TrafficSplit shop/b',
      place: 'b.yaml:1',
      reason: 'TrafficSplit shop/b: spec.backends is required',
    });
    const warnings = logs.filter(({ level }) => level === 'warn').map(({ code }) => code);
    expect(warnings.sort()).toEqual(['invalid_yaml', 'missing_field', 'no_such_service']);
  });

  it('ends with an error when the source cannot be followed', async () => {
    const { source, done } = start();
    source.fail(new Error('no more notices'));
    await expect(done).rejects.toThrow('no more notices');
  });
});
