import { runCatalogWatcher } from '@osm/catalog-watcher/service';
import { runCertificateManager } from '@osm/certificate-manager/service';
import { subjects, type LeaseEvent } from '@osm/bus';
import { secretText } from '@osm/pki';
import { runPolicyCompiler } from '@osm/policy-compiler/service';
import { MeshError, ok } from '@osm/prelude';
import { SignRequest, type SignResponse, type TrustBundle } from '@osm/proto-mesh';
import { runXdsServer } from '@osm/xds-server/service';
import type { CertificateSource } from '@osm/xds-server/certificate-source';
import type { Front } from './front.ts';
import { createModelCompilation } from './model-compilation.ts';
import type { Network } from './network.ts';
import { noMetrics } from './no-metrics.ts';
import type { Surroundings } from './process.ts';
import type { Truth } from './truth.ts';
import { createTruthSource } from './truth-source.ts';

interface Stage extends Surroundings {
  readonly truth: Truth;
  readonly front: Front;
  readonly network: Network;
}

export type ServiceName =
  'catalog-watcher' | 'policy-compiler' | 'certificate-manager' | 'xds-server';

const bundle: TrustBundle = { id: 'root-1', trustDomain: 'cluster.local', rootsPem: ['root-1'] };
const certificateMs = 3_600_000;

/** The services as they are. In the place of what is not protocol stand models: the user's objects, the compiler, keys. */
export const services: Readonly<Record<ServiceName, (stage: Stage) => Promise<void>>> = {
  'catalog-watcher': (stage) => {
    const { truth, network, owner } = stage;
    const { scheduler, chance } = network;
    const source = createTruthSource({ truth, scheduler, chance, owner, lagMs: 0 });
    const config = {
      ...busConfig,
      directory: [],
      meshName: 'osm',
      meshNamespace: 'osm-system',
      trustDomain: 'cluster.local',
    } as unknown as Parameters<typeof runCatalogWatcher>[0]['config'];
    const context = contextOf(stage, config);
    const lead = (signal: AbortSignal): AsyncIterable<LeaseEvent> =>
      stage.bus.lease({ name: 'catalog-watcher', holder: context.instance, signal });
    return runCatalogWatcher(context, { bus: stage.bus, world: { source, lead } });
  },
  'policy-compiler': (stage) =>
    runPolicyCompiler(
      contextOf(stage, {}),
      stage.bus,
      createModelCompilation(() => undefined),
    ),
  'certificate-manager': (stage) => {
    const { bus, clock } = stage;
    const config = {
      ...busConfig,
      caDirectory: '',
      trustDomain: 'cluster.local',
      minValidity: 0,
    } as unknown as Parameters<typeof runCertificateManager>[0]['config'];
    const sign = (): Promise<SignResponse> => Promise.resolve(issuedAt(clock.now()));
    return runCertificateManager(contextOf(stage, config), {
      bus,
      clock,
      openProvider: () => Promise.resolve({ bundle: () => bundle, sign }),
      openRequest: ({ request }) => Promise.resolve(ok(SignRequest.decode(request))),
    });
  },
  'xds-server': (stage) => {
    const { bus, clock, random, front, name } = stage;
    const config = {
      ...busConfig,
      xdsPort: 0,
      xdsHost: '',
      certValidity: certificateMs,
    } as unknown as Parameters<typeof runXdsServer>[0]['config'];
    return runXdsServer(contextOf(stage, config), {
      bus,
      clock,
      random,
      certificates: certificatesFrom(stage),
      listen: front.listen(name, stage.owner),
    });
  },
};

const busConfig = { natsUrl: '', natsCredentials: '', natsCa: '' };

function contextOf<C>({ instance, log, readiness, signal }: Stage, config: C) {
  const http = { route: () => undefined };
  return { config, log, metrics: noMetrics, readiness, http, instance, signal };
}

/** Asks over the bus as a real one does, without a key: nothing is sealed, and nobody looks at the seal. */
function certificatesFrom({ bus, clock, random }: Stage): CertificateSource {
  return async (subject, validityMs) => {
    const nonce = Buffer.from(Array.from({ length: 16 }, () => Math.floor(random.next() * 256)));
    const request: SignRequest = {
      csrDer: Buffer.from([1]),
      subject,
      validityMs,
      asker: 'xds-server',
      askedAtMs: clock.now(),
      nonce,
    };
    const sealed = { request: Buffer.from(SignRequest.encode(request).finish()), signature: nonce };
    const answer = await bus.request(subjects.sign, sealed, { timeoutMs: 10_000 });
    if (answer.kind === 'error') throw answer.error;
    const { result } = answer.value;
    if (result?.$case !== 'issued') throw new MeshError('sign_refused', 'not issued');
    const { chainPem, notBeforeMs, notAfterMs } = result.value;
    return { chainPem, notBeforeMs, notAfterMs, privateKeyPem: secretText('key') };
  };
}

function issuedAt(nowMs: number): SignResponse {
  const value = {
    chainPem: 'chain',
    notBeforeMs: nowMs,
    notAfterMs: nowMs + certificateMs,
    bundle,
  };
  return { result: { $case: 'issued', value } };
}
