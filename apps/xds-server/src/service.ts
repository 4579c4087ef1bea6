import { buckets, type Bucket, type Bus, type TableEvent } from '@osm/bus';
import type { Clock, Random } from '@osm/prelude';
import {
  AggregatedDiscoveryServiceDefinition as ads,
  DeltaDiscoveryRequest,
  DiscoveryRequest,
} from '@osm/proto-envoy/discovery';
import { bidiMethod, type BidiStream } from '@osm/rpc';
import type { ServiceContext } from '@osm/runtime';
import {
  createCertificateSource,
  type CertificateSource,
  type IssuedCertificate,
} from './certificate-source.ts';
import type { Config } from './config.ts';
import { createDelivery, type Delivery } from './delivery.ts';
import { deltaDialect, sotwDialect, type Dialect } from './dialect.ts';
import { createDoor, type Door } from './door.ts';
import { createIdentitySecrets, type IdentitySecrets } from './identity-secrets.ts';
import { listenOverTls, type Listen, type Listener } from './listener.ts';
import { createMeshView, type MeshView } from './mesh-view.ts';
import { createXdsMetrics, type XdsMetrics } from './metrics.ts';
import { watchServerCertificate } from './server-certificate.ts';
import { createStatusReporter, type StatusReporter } from './status-reporter.ts';

/** The outside world of this service. */
export interface Environment {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  /** Where certificates come from; a key made here and the bus unless a simulation has its own. */
  readonly certificates?: CertificateSource;
  /** How proxies come in; gRPC over mutual TLS unless a simulation has its own. */
  readonly listen?: Listen;
  /** Called with the port once streams are accepted. */
  readonly onListening?: (port: number) => void;
}

/** How long a stream whose pod is not known yet is held. */
const holdMs = 5000;
/** How long clients get to see the end of their stream. */
const farewellMs = 200;

/** The parts, joined. */
interface Parts {
  readonly view: MeshView;
  readonly delivery: Delivery;
  readonly door: Door;
  readonly secrets: IdentitySecrets;
  readonly status: StatusReporter;
  readonly metrics: XdsMetrics;
  /** Told when the trust bundle is another one. */
  readonly trustChanged: { listener?: () => void };
}

/**
 * Follows compiled bundles, assignments and trust, and serves them to proxies. Returns after the signal, with every
 * stream ended; the caller closes the bus.
 */
export async function runXdsServer(
  context: ServiceContext<Config>,
  environment: Environment,
): Promise<void> {
  const { log, readiness } = context;
  const { bus } = environment;
  const parts = createParts(context, environment);
  const busGate = readiness.gate('bus');
  busGate.notReady('not connected to the bus yet');
  // Once it was there the gate stays open: a server that serves from memory is what proxies need while the bus is away.
  const noteBus = (connected: boolean): void => {
    if (!connected) return;
    busGate.ready();
    parts.secrets.retryNow();
  };
  noteBus(bus.connected());
  const forget = bus.onConnected(noteBus);
  try {
    await Promise.all([followBus(context, bus, parts), serve(context, environment, parts)]);
  } finally {
    forget();
    parts.secrets.close();
    await parts.status.close();
    log.info('all streams ended');
  }
}

function createParts(context: ServiceContext<Config>, environment: Environment): Parts {
  const { config, log } = context;
  const { bus, clock, random } = environment;
  const metrics = createXdsMetrics(context.metrics);
  const view = createMeshView();
  const secrets = createIdentitySecrets({
    source: environment.certificates ?? createCertificateSource(bus, clock),
    validityMs: config.certValidity,
    clock,
    random,
    log,
    metrics,
    onChange: (identities) => delivery.secretsChanged(identities),
  });
  const status = createStatusReporter({ bus, clock });
  const { instance } = context;
  const delivery = createDelivery({ view, secrets, clock, log, metrics, status, instance });
  const door = createDoor({ view, clock, log, metrics, holdMs });
  return { view, delivery, door, secrets, status, metrics, trustChanged: {} };
}

/** Applies what the bus says, batch by batch. */
async function followBus(
  { log, readiness, signal }: ServiceContext<Config>,
  bus: Bus,
  { view, delivery, door, secrets, metrics, trustChanged }: Parts,
): Promise<void> {
  const gate = readiness.gate('mesh');
  let hasBegun = false;
  const noteComplete = (): void => {
    if (hasBegun) return;
    const missing = view.missing();
    if (missing.length > 0) return gate.notReady(`not complete yet: ${missing.join(', ')}`);
    hasBegun = true;
    gate.ready();
    door.open();
    log.info('the mesh is known', view.bundles());
  };
  const follow = async <T>(
    bucket: Bucket<T>,
    apply: (events: readonly TableEvent<T>[]) => void,
  ): Promise<void> => {
    for await (const events of bus.watch(bucket, { signal })) {
      apply(events);
      noteComplete();
    }
  };
  await Promise.all([
    follow(buckets.compiled, (events) => {
      delivery.bundlesChanged(view.applyCompiled(events));
      const { held, incomplete } = view.bundles();
      metrics.bundles.set(held);
      metrics.incompleteBundles.set(incomplete);
    }),
    follow(buckets.workloads, (events) => {
      const uuids = view.applyWorkloads(events);
      delivery.assignmentsChanged(uuids);
      door.judgeAgain(uuids);
    }),
    follow(buckets.trust, (events) => {
      const bundle = view.applyTrust(events);
      if (bundle === undefined) return;
      secrets.setTrust(bundle);
      trustChanged.listener?.();
    }),
  ]);
}

/** Listens once certificate and trust are there, keeps both current, and ends all streams after the signal. */
async function serve(
  { config, log, readiness, signal }: ServiceContext<Config>,
  { clock, random, bus, certificates, listen = listenOverTls, onListening }: Environment,
  parts: Parts,
): Promise<void> {
  const gate = readiness.gate('ads');
  gate.notReady('waiting for the certificate of this server');
  let certificate: IssuedCertificate | undefined;
  let opening: Promise<Listener> | undefined;
  let listener: Listener | undefined;
  const refresh = async (): Promise<void> => {
    const trust = parts.view.trust();
    if (certificate === undefined || trust === undefined) return;
    const material = {
      certificateChainPem: certificate.chainPem,
      privateKeyPem: certificate.privateKeyPem.reveal(),
      rootsPem: trust.rootsPem,
    };
    if (opening !== undefined) return (await opening).update(material);
    const methods = createMethods(parts);
    const { xdsHost: host, xdsPort: port } = config;
    const onConnectionRefused = (): void =>
      parts.metrics.rejected.inc({ reason: 'too-many-connections' });
    opening = listen({ host, port, material, methods, onConnectionRefused });
    listener = await opening;
    gate.ready();
    log.info('accepting proxies', { port: listener.port });
    onListening?.(listener.port);
  };
  const keepCurrent = async (): Promise<void> => {
    const source = certificates ?? createCertificateSource(bus, clock);
    const connected = (): Promise<void> => untilConnected(bus, signal);
    const options = { source, clock, random, log, signal, connected };
    for await (const next of watchServerCertificate(options)) {
      certificate = next;
      await refresh();
    }
  };
  const failed = new Promise<never>((_, reject) => {
    parts.trustChanged.listener = () => void refresh().catch(reject);
  });
  await Promise.race([keepCurrent(), aborted(signal), failed]);
  await aborted(signal);
  listener?.stopAccepting();
  parts.delivery.closeAll('this xDS server ends; connect to another one');
  await new Promise<void>((resolve) => clock.after(farewellMs, resolve));
  listener?.close();
}

function createMethods({ door, delivery }: Parts) {
  const enter =
    <Request>(dialect: Dialect<Request>) =>
    (stream: BidiStream<Request>): void =>
      door.enter(stream, dialect, (admitted) => delivery.welcome(stream, dialect, admitted));
  const path = (method: string): string => `/${ads.fullName}/${method}`;
  const { deltaAggregatedResources: delta, streamAggregatedResources: sotw } = ads.methods;
  return [
    bidiMethod(path(delta.name), DeltaDiscoveryRequest, enter(deltaDialect)),
    bidiMethod(path(sotw.name), DiscoveryRequest, enter(sotwDialect)),
  ];
}

function untilConnected(bus: Bus, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (bus.connected() || signal.aborted) return resolve();
    const end = (): void => {
      forget();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const forget = bus.onConnected((connected) => {
      if (connected) end();
    });
    signal.addEventListener('abort', end);
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
