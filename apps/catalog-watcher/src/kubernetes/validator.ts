import { followTrust, subjects, type Bus } from '@osm/bus';
import type { ApiServer, WebhookConfiguration } from '@osm/kubernetes';
import { obtainServerCertificate, type CertificateAsker } from '@osm/pki';
import type { Clock } from '@osm/prelude';
import type { MeshCatalog } from '@osm/resources';
import type { ServiceContext } from '@osm/runtime';
import { serveWebhook, type AdmissionAnswer, type AdmissionRequest } from '@osm/webhook';
import type { Config } from '../config.ts';
import type { SourceEvent } from '../source.ts';
import { createAdmitObject } from './admit-object.ts';
import { createWrittenObjects } from './written-objects.ts';

export interface ValidatorOptions {
  readonly context: ServiceContext<Config>;
  readonly bus: Bus;
  readonly server: ApiServer;
  readonly clock: Clock;
  readonly catalog: Pick<MeshCatalog, 'objects'>;
  readonly configuration: WebhookConfiguration;
}

/** The validating webhook. Every replica answers, leader or not: all of them know the mesh. */
export interface Validator {
  /** What the source told, after the catalog has it. */
  readonly observe: (batch: readonly SourceEvent[]) => void;
  /** Ends with the service. */
  readonly run: () => Promise<void>;
}

export function createValidator(options: ValidatorOptions): Validator {
  const { context, bus, clock, configuration } = options;
  const { config, log, metrics, readiness, signal } = context;
  const written = createWrittenObjects(options.server, log);
  const admitObject = createAdmitObject({ scope: config, catalog: options.catalog, written });
  const responses = metrics.counter({
    name: 'osm_admission_webhook_response_total',
    help: 'Answers to admission requests, by kind of object; success = the object was admitted',
    labels: ['kind', 'success'],
  });
  const certificates: CertificateAsker = {
    asker: 'catalog-watcher',
    clock,
    ask: (request, limits) => bus.request(subjects.sign, request, limits),
  };
  const named = { name: 'osm-validator', namespace: config.meshNamespace };
  let listed = false;
  const admit = async (request: AdmissionRequest): Promise<AdmissionAnswer | undefined> => {
    if (!listed) return undefined;
    const answer = await admitObject(request);
    const { kind } = request.kind;
    responses.inc({ kind, success: String(answer.kind === 'allow') });
    if (answer.kind === 'deny') log.info('object refused', { kind, reason: answer.message });
    return answer;
  };
  return {
    observe: (batch) => {
      written.observe(batch);
      if (batch.some(({ kind }) => kind === 'listed')) listed = true;
    },
    run: async () => {
      const webhook = serveWebhook({
        host: config.validatorHost,
        port: config.validatorPort,
        portFlag: '--validator-port',
        path: '/validate',
        admit,
        unable: 'the catalog-watcher does not know the mesh yet: see its /health/ready',
        obtain: () => obtainServerCertificate(certificates, named),
        gate: readiness.gate('validator'),
        clock,
        log,
        signal,
        lingerMs: 3_000,
      });
      try {
        await Promise.all([
          configuration.follow(),
          followTrust(bus, signal, (bundle) => {
            configuration.trust(bundle);
            webhook.onBundle();
          }),
        ]);
      } finally {
        await webhook.close();
      }
    },
  };
}
