import { buckets, subjects, type Asker, type Bus, type OwnedTable } from '@osm/bus';
import { MeshError, type Clock } from '@osm/prelude';
import type { SignedRequest, SignRequest, SignResponse, TrustBundle } from '@osm/proto-mesh';
import type { ServiceContext } from '@osm/runtime';
import { createLogThrottle } from '@osm/telemetry';
import { createBuiltInCa } from './built-in-ca.ts';
import type { Config } from './config.ts';
import { isAsker } from './grants.ts';
import { createJudge, type Judge, type OpenRequest } from './judge.ts';
import { createKnownIdentities, type KnownIdentities } from './known-identities.ts';
import { createCertificateMetrics } from './metrics.ts';
import type { CertificateProvider } from './provider.ts';
import { refuse } from './refusal.ts';

interface Environment {
  readonly bus: Bus;
  readonly clock: Clock;
  /** Who issues; the CA of the configured directory unless a simulation has its own. */
  readonly openProvider?: () => Promise<CertificateProvider>;
  /** Checks the signature of a question; a simulation has no keys. */
  readonly openRequest?: OpenRequest;
}

/**
 * Opens the root, answers signing requests (every replica does), and publishes the trust bundle (the leader does). Returns
 * after the signal; the caller closes the bus.
 */
export async function runCertificateManager(
  context: ServiceContext<Config>,
  { bus, clock, openProvider, openRequest }: Environment,
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

  const identities = createKnownIdentities(clock);
  const judge = createJudge({ identities, clock, open: openRequest });
  const answers = createAnswers(context, bus, createSigner(context, { provider, judge, clock }));
  await Promise.all([
    followCatalog(context, bus, identities),
    publishBundle(context, bus, { provider, answers }),
    comparePublished(context, bus, { provider, answers }),
  ]);
}

/** Learns the identities of the mesh. */
async function followCatalog(
  { readiness, signal }: Pick<ServiceContext<Config>, 'readiness' | 'signal'>,
  bus: Bus,
  identities: KnownIdentities,
): Promise<void> {
  const gate = readiness.gate('catalog');
  gate.notReady('waiting for the catalog-watcher');
  await identities.follow(bus, signal, gate.ready);
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
  handle: (request: SignedRequest, from: Asker) => Promise<SignResponse>,
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

interface Signing {
  readonly provider: CertificateProvider;
  readonly judge: Judge;
  readonly clock: Pick<Clock, 'now'>;
}

/** A refusal is said once in this time, per asker and code. */
const logPeriodMs = 10_000;

/** Judges, signs, counts and logs. Never throws: whoever waits for an answer gets one. */
function createSigner(
  { log, metrics }: Pick<ServiceContext<Config>, 'log' | 'metrics'>,
  { provider, judge, clock }: Signing,
): (signed: SignedRequest, from: Asker) => Promise<SignResponse> {
  const { issuedCount, issuedSeconds, refusedCount } = createCertificateMetrics(metrics);
  const throttle = createLogThrottle(logPeriodMs, clock.now);
  const sign = (request: SignRequest): Promise<SignResponse> =>
    provider.sign(request).catch((thrown: unknown) => {
      const error = MeshError.from(thrown);
      log.error('signing failed', { err: error, subject: request.subject });
      return refuse('not_ready', `signing failed, try again later: ${error.message}`);
    });
  return async (signed, { asker }) => {
    const startMs = clock.now();
    const judged = await judge(signed, asker);
    const response =
      judged.kind === 'ok'
        ? await sign(judged.value)
        : refuse(judged.error.code, judged.error.message);
    if (response.result?.$case === 'refused') {
      const { code, message } = response.result.value;
      refusedCount.inc({ asker: isAsker(asker) ? asker : 'other', code });
      const say = throttle.admit(`${asker} ${code}`);
      if (say !== undefined)
        log.warn('certificate refused', { asker, code, reason: message, ...say });
    } else {
      issuedCount.inc();
      issuedSeconds.observe((clock.now() - startMs) / 1000);
      log.debug('certificate issued', { asker });
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
  // Before the lease is given back: an owner would put right what the next leader writes.
  signal.addEventListener('abort', () => void table?.close());
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
