import { buckets, subjects, type Bus, type OwnedTable } from '@osm/bus';
import { MeshError, type Clock } from '@osm/prelude';
import type { SignRequest, SignResponse, TrustBundle } from '@osm/proto-mesh';
import type { ServiceContext } from '@osm/runtime';
import { createBuiltInCa } from './built-in-ca.ts';
import type { Config } from './config.ts';
import { createCertificateMetrics } from './metrics.ts';
import type { CertificateProvider } from './provider.ts';
import { refuse } from './refusal.ts';

interface Environment {
  readonly bus: Bus;
  readonly clock: Pick<Clock, 'now'>;
  /** Who issues; the CA of the configured directory unless a simulation has its own. */
  readonly openProvider?: () => Promise<CertificateProvider>;
}

/**
 * Opens the root, answers signing requests (every replica does), and publishes the trust bundle (the leader does). Returns
 * after the signal; the caller closes the bus.
 */
export async function runCertificateManager(
  context: ServiceContext<Config>,
  { bus, clock, openProvider }: Environment,
): Promise<void> {
  const { config, log, readiness } = context;
  const rootGate = readiness.gate('root');
  const busGate = readiness.gate('bus');
  const openBuiltIn = (): Promise<CertificateProvider> =>
    createBuiltInCa({
      directory: config.caDirectory,
      trustDomain: config.trustDomain,
      minValidityMs: config.minValidity,
      clock,
    });
  const provider = await (openProvider ?? openBuiltIn)();
  const { id, trustDomain } = provider.bundle();
  log.info('root is loaded', { directory: config.caDirectory, bundle: id, trustDomain });
  rootGate.ready();

  const noteBus = (connected: boolean): void =>
    connected ? busGate.ready() : busGate.notReady('not connected to the bus');
  noteBus(bus.connected());
  bus.onConnected(noteBus);

  const answers = createAnswers(context, bus, createSigner(context, provider, clock));
  await Promise.all([
    publishBundle(context, bus, { provider, answers }),
    comparePublished(context, bus, { provider, answers }),
  ]);
}

interface Answers {
  /** Whether this replica leads: then its root is the mesh's. */
  readonly setLeading: (leading: boolean) => void;
  /** Whether the published root is this replica's. */
  readonly setAgreed: (agreed: boolean) => void;
}

interface Issuing {
  readonly provider: CertificateProvider;
  readonly answers: Answers;
}

/**
 * Answers requests while this replica's root is the mesh's. With another root (a replica with a directory of its own) it would
 * issue certificates that nobody trusts.
 */
function createAnswers(
  { config, readiness, signal }: ServiceContext<Config>,
  bus: Bus,
  handle: (request: SignRequest) => Promise<SignResponse>,
): Answers {
  const gate = readiness.gate('published root');
  gate.notReady('the trust bundle is not published yet');
  let leading = false;
  let agreed: boolean | undefined;
  let answering: AbortController | undefined;
  const update = (): void => {
    const wanted = leading || agreed === true;
    if (wanted) gate.ready();
    else if (agreed === false)
      gate.notReady(
        `another root than that of ${config.caDirectory} is published: all replicas need the same --ca-directory`,
      );
    if (wanted === (answering !== undefined)) return;
    answering?.abort();
    answering = wanted ? new AbortController() : undefined;
    if (answering !== undefined)
      bus.respond(subjects.sign, handle, { signal: AbortSignal.any([signal, answering.signal]) });
  };
  return {
    setLeading: (value) => {
      leading = value;
      update();
    },
    setAgreed: (value) => {
      agreed = value;
      update();
    },
  };
}

/** Tells whether the bundle on the bus is this replica's, and again whenever it changes. */
async function comparePublished(
  { log, signal }: Pick<ServiceContext<Config>, 'log' | 'signal'>,
  bus: Bus,
  { provider, answers }: Issuing,
): Promise<void> {
  for await (const events of bus.watch(buckets.trust, { signal }))
    for (const event of events) {
      if (event.kind !== 'put' || event.key !== 'bundle') continue;
      const own = provider.bundle().id;
      if (event.value.id !== own)
        log.warn('another root is published', { published: event.value.id, own });
      answers.setAgreed(event.value.id === own);
    }
}

/** Signs, counts and logs. Never throws: whoever waits for an answer gets one. */
function createSigner(
  { log, metrics }: Pick<ServiceContext<Config>, 'log' | 'metrics'>,
  provider: CertificateProvider,
  clock: Pick<Clock, 'now'>,
): (request: SignRequest) => Promise<SignResponse> {
  const { issuedCount, issuedSeconds, refusedCount } = createCertificateMetrics(metrics);
  return async (request) => {
    const startMs = clock.now();
    const response = await provider.sign(request).catch((thrown: unknown) => {
      const error = MeshError.from(thrown);
      log.error('signing failed', { err: error, subject: request.subject });
      return refuse('not_ready', `signing failed, try again later: ${error.message}`);
    });
    if (response.result?.$case === 'refused') {
      const { code, message } = response.result.value;
      refusedCount.inc({ code });
      log.warn('certificate refused', { code, reason: message, subject: request.subject });
    } else {
      issuedCount.inc();
      issuedSeconds.observe((clock.now() - startMs) / 1000);
      log.debug('certificate issued', { subject: request.subject });
    }
    return response;
  };
}

/** While it leads, this replica keeps the trust bucket equal to the provider's bundle. */
async function publishBundle(
  { instance, log, signal }: Pick<ServiceContext<Config>, 'instance' | 'log' | 'signal'>,
  bus: Bus,
  { provider, answers }: Issuing,
): Promise<void> {
  let table: OwnedTable<TrustBundle> | undefined;
  for await (const event of bus.lease({ name: 'certificate-manager', holder: instance, signal })) {
    log.info('leadership', { event: event.kind });
    await table?.close();
    table = undefined;
    answers.setLeading(event.kind === 'acquired');
    if (event.kind === 'lost') continue;
    table = bus.own(buckets.trust);
    table.set('bundle', provider.bundle());
    table.complete();
  }
  await table?.close();
}
