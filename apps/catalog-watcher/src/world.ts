import type { Bus, LeaseEvent } from '@osm/bus';
import {
  createWebhookConfiguration,
  electLeader,
  openApiServer,
  resourceTypes,
  type ApiServer,
  type FollowNote,
  type ResourceType,
} from '@osm/kubernetes';
import type { MeshCatalog } from '@osm/resources';
import { systemClock, type ServiceContext } from '@osm/runtime';
import type { Config } from './config.ts';
import { createDirectorySource } from './directory/directory-source.ts';
import { createKubernetesSource } from './kubernetes/kubernetes-source.ts';
import { createStatusWriter, type StatusWriter } from './kubernetes/status-writer.ts';
import { createValidator, type Validator } from './kubernetes/validator.ts';
import type { DiagnosticsBoard } from './diagnostics-board.ts';
import type { CatalogSource } from './source.ts';

/** The world behind the catalog: where its objects come from, who leads, and where they hear what became of them. */
export interface World {
  readonly source: CatalogSource;
  /** Candidate for leading until the signal aborts. */
  readonly lead: (signal: AbortSignal) => AsyncIterable<LeaseEvent>;
  /** Nothing is written into files. */
  readonly statusWriter?: (board: Pick<DiagnosticsBoard, 'about'>) => StatusWriter;
  /** Who judges objects before they are stored. */
  readonly validator?: (catalog: Pick<MeshCatalog, 'objects'>) => Validator;
}

/** Directories when some are given, else the Kubernetes API. */
export function openWorld(context: ServiceContext<Config>, bus: Bus): World {
  return context.config.directory.length > 0
    ? openDirectories(context, bus)
    : openCluster(context, bus);
}

function openDirectories({ config, instance }: ServiceContext<Config>, bus: Bus): World {
  return {
    source: createDirectorySource({ directories: config.directory, clock: systemClock }),
    lead: (signal) => bus.lease({ name: 'catalog-watcher', holder: instance, signal }),
  };
}

function openCluster(context: ServiceContext<Config>, bus: Bus): World {
  const { config, instance, log, metrics, signal } = context;
  const server = openApiServer(config);
  const failures = metrics.counter({
    name: 'osm_k8s_api_failures_total',
    help: 'Lists and watches of the Kubernetes API that failed and were tried again',
    labels: ['resource', 'code'],
  });
  const note = ({ plural }: ResourceType, each: FollowNote): void => {
    if (each.kind === 'following') return log.debug('following', { resource: plural });
    failures.inc({ resource: plural, code: each.error.code });
    const fields = { resource: plural, err: each.error, retryMs: Math.round(each.retryMs) };
    if (each.error.code === 'api_expired') log.info('listing again', fields);
    else log.warn('cannot follow; it is tried again', fields);
  };
  const tools = { clock: systemClock, random: { next: Math.random } };
  return {
    source: createKubernetesSource(server, { ...config, ...tools, note }),
    lead: (until) =>
      electLeader(server, {
        namespace: config.meshNamespace,
        name: 'osm-catalog-watcher',
        holder: instance,
        signal: until,
        ...tools,
      }),
    statusWriter: ({ about }) =>
      createStatusWriter({ server, clock: systemClock, log, about, signal }),
    ...(config.validatorConfigName === '' ? {} : validating(context, bus, server)),
  };
}

function validating(
  context: ServiceContext<Config>,
  bus: Bus,
  server: ApiServer,
): Pick<World, 'validator'> {
  const { config, log, signal } = context;
  const clock = systemClock;
  const configuration = createWebhookConfiguration({
    server,
    type: resourceTypes.validatingWebhookConfiguration,
    name: config.validatorConfigName,
    clock,
    random: { next: Math.random },
    log,
    signal,
  });
  return {
    validator: (catalog) =>
      createValidator({ context, bus, server, clock, catalog, configuration }),
  };
}
