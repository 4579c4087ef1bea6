import { reviewObject, type AdmissionWorld, type Verdict } from '@osm/admission';
import { followTrust, subjects, type Bus } from '@osm/bus';
import type { ApiServer, WebhookConfiguration } from '@osm/kubernetes';
import { encodeKey } from '@osm/model';
import { obtainCertificate } from '@osm/pki';
import { MeshError, type Clock } from '@osm/prelude';
import type { MeshCatalog } from '@osm/resources';
import type { ServiceContext } from '@osm/runtime';
import {
  serveWebhook,
  type AdmissionAnswer,
  type AdmissionRequest,
  type MortalIdentity,
} from '@osm/webhook';
import type { Config } from '../config.ts';
import type { SourceEvent } from '../source.ts';
import { createWrittenObjects, type WrittenObjects } from './written-objects.ts';

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
  const world = worldOf(options, written);
  const responses = metrics.counter({
    name: 'osm_admission_webhook_response_total',
    help: 'Answers to admission requests, by kind of object; success = the object was admitted',
    labels: ['kind', 'success'],
  });
  let listed = false;
  const admit = async (request: AdmissionRequest): Promise<AdmissionAnswer | undefined> => {
    if (!listed) return undefined;
    const { kind } = request.kind;
    const others = await written.now(kind, request.namespace);
    const ofKind: AdmissionWorld['written'] = (each) =>
      each === kind ? others : written.ofKind(each);
    const answer = answerTo(request, { ...world, written: ofKind });
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
        obtain: () => obtainIdentity(options),
        gate: readiness.gate('validator'),
        clock,
        log,
        signal,
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

function worldOf({ context, catalog }: ValidatorOptions, written: WrittenObjects): AdmissionWorld {
  return {
    scope: context.config,
    object: (kind, namespace, name) => catalog.objects().get(encodeKey([kind, namespace, name])),
    objects: () => catalog.objects().values(),
    written: written.ofKind,
  };
}

const admitted: Verdict = { refusals: [], warnings: [] };

function answerTo(request: AdmissionRequest, world: AdmissionWorld): AdmissionAnswer {
  const { refusals, warnings } = verdictOf(request, world);
  if (refusals.length === 0) return { kind: 'allow', warnings };
  return { kind: 'deny', message: refusals.join('; '), warnings };
}

/** A slip of ours is no reason to refuse anybody's object. */
function verdictOf(request: AdmissionRequest, world: AdmissionWorld): Verdict {
  const { operation, namespace, object, oldObject } = request;
  if (operation !== 'CREATE' && operation !== 'UPDATE') return admitted;
  const ref = { kind: request.kind.kind, namespace, name: nameOf(request), file: '', line: 0 };
  const before = operation === 'UPDATE' ? oldObject : undefined;
  try {
    return reviewObject({ ref, object, before }, world);
  } catch (thrown) {
    return { refusals: [], warnings: [`not validated: ${MeshError.from(thrown).message}`] };
  }
}

/** The API server makes up a name after it has filled in the request. */
function nameOf({ name, object }: AdmissionRequest): string {
  const { metadata } = object as { readonly metadata?: { readonly name?: string } };
  return metadata?.name ?? name;
}

/** The names by which the API server calls the webhook, and those of a developer's machine. */
async function obtainIdentity({ bus, clock, context }: ValidatorOptions): Promise<MortalIdentity> {
  const dnsNames = [`osm-validator.${context.config.meshNamespace}.svc`, 'localhost'];
  const value = { name: 'osm-validator', dnsNames };
  const { chainPem, notAfterMs, privateKeyPem } = await obtainCertificate(
    {
      asker: 'catalog-watcher',
      clock,
      ask: (request, limits) => bus.request(subjects.sign, request, limits),
    },
    { kind: { $case: 'controlPlane', value } },
  );
  return { cert: chainPem, key: privateKeyPem.reveal(), notAfterMs };
}
