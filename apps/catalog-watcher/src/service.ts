import { buckets, type Bus } from '@osm/bus';
import { createMeshCatalog, type CatalogChange, type MeshCatalog } from '@osm/resources';
import type { ServiceContext } from '@osm/runtime';
import { createCatalogTable, type CatalogTable } from './catalog-table.ts';
import type { Config } from './config.ts';
import { createDiagnosticsBoard, type DiagnosticsBoard } from './diagnostics-board.ts';
import { createCatalogMetrics, type CatalogMetrics } from './metrics.ts';
import type { SourceEvent } from './source.ts';
import type { StatusWriter } from './kubernetes/status-writer.ts';
import type { Validator } from './kubernetes/validator.ts';
import type { World } from './world.ts';

interface Environment {
  readonly bus: Bus;
  readonly world: World;
}

interface Watcher {
  readonly catalog: MeshCatalog;
  readonly table: CatalogTable;
  readonly board: DiagnosticsBoard;
  readonly metrics: CatalogMetrics;
  /** Where objects can be told what became of them. */
  readonly status: StatusWriter | undefined;
  readonly validator: Validator | undefined;
}

/**
 * Follows the source, keeps the catalog in memory, and while it leads makes the bucket equal to it. Returns after the signal; the
 * caller closes the bus.
 */
export async function runCatalogWatcher(
  context: ServiceContext<Config>,
  { bus, world }: Environment,
): Promise<void> {
  const { config, http, log, readiness } = context;
  const metrics = createCatalogMetrics(context.metrics);
  const catalog = createMeshCatalog(config);
  const board = createDiagnosticsBoard({
    log,
    metrics,
    locate: catalog.locate,
    onChange: (refs) => status?.reconsider(refs),
  });
  const status = world.statusWriter?.(board);
  const table = createCatalogTable(bus, catalog.objects);
  const validator = world.validator?.(catalog);
  const watcher: Watcher = { catalog, table, board, metrics, status, validator };

  http.route('/diagnostics', () => ({
    status: 200,
    contentType: 'application/json',
    body: `${JSON.stringify({ diagnostics: board.all() })}\n`,
  }));
  const busGate = readiness.gate('bus');
  const noteBus = (connected: boolean): void =>
    connected ? busGate.ready() : busGate.notReady('not connected to the bus');
  noteBus(bus.connected());
  bus.onConnected(noteBus);

  // Before the lease is given back: an owner would put right what the next leader writes.
  context.signal.addEventListener('abort', () => void table.follow());

  await Promise.all([
    followSource(context, world, watcher),
    followLease(context, world, watcher),
    followDiagnostics(context, bus, board),
    validator?.run(),
  ]);
}

async function followSource(
  { log, readiness, signal }: ServiceContext<Config>,
  { source }: World,
  watcher: Watcher,
): Promise<void> {
  const { catalog, table, metrics, status, validator } = watcher;
  const gate = readiness.gate('source');
  metrics.objects.inc({ kind: 'meshSettings' });
  for await (const batch of source.watch({ signal })) {
    table.apply(applyBatch(watcher, batch));
    status?.observe(batch);
    validator?.observe(batch);
    if (!batch.some((event) => event.kind === 'listed')) continue;
    table.listed();
    gate.ready();
    log.info('source is listed', { objects: catalog.objects().size });
  }
}

/** A batch is one step: an object that moves from file to file does not vanish in between. */
function applyBatch(
  { catalog, board, metrics }: Watcher,
  batch: readonly SourceEvent[],
): readonly CatalogChange[] {
  const { changes, diagnostics } = catalog.apply(
    batch.filter((event) => event.kind === 'put' || event.kind === 'delete'),
  );
  for (const [id, list] of diagnostics) board.set(`object ${id}`, list);
  for (const event of batch) {
    if (event.kind === 'diagnostics') board.set(`source ${event.owner}`, event.diagnostics);
  }
  for (const change of changes) countChange(metrics, change);
  return changes;
}

function countChange(metrics: CatalogMetrics, change: CatalogChange): void {
  const { $case: kind, value } = change.value;
  const verb = change.kind === 'delete' ? 'deleted' : change.added ? 'added' : 'updated';
  const name = kind === 'meshSettings' ? 'meshconfig' : kind.toLowerCase();
  const namespace = 'namespace' in value ? value.namespace : 'name' in value ? value.name : '';
  metrics.eventCount.inc({ type: `${name}-${verb}`, namespace });
  const by = verb === 'added' ? 1 : verb === 'deleted' ? -1 : 0;
  metrics.objects.inc({ kind }, by);
  if (kind === 'namespace') metrics.namespaceCount.inc(by);
}

/** Of several replicas one writes; the others have the catalog ready. */
async function followLease(
  { log, signal }: ServiceContext<Config>,
  world: World,
  { table, metrics, status }: Watcher,
): Promise<void> {
  for await (const event of world.lead(signal)) {
    log.info('leadership', { event: event.kind });
    metrics.leading.set(event.kind === 'acquired' ? 1 : 0);
    status?.lead(event.kind === 'acquired');
    if (event.kind === 'acquired') table.lead();
    else await table.follow();
  }
}

/** What the policy compiler has to say about the objects. */
async function followDiagnostics(
  { signal }: ServiceContext<Config>,
  bus: Bus,
  board: DiagnosticsBoard,
): Promise<void> {
  for await (const batch of bus.watch(buckets.diagnostics, { signal })) {
    for (const event of batch) {
      if (event.kind === 'put') board.set(`bus ${event.key}`, event.value.diagnostics);
      else if (event.kind === 'delete') board.set(`bus ${event.key}`, []);
    }
  }
}
