import { buckets, type Bus, type TableEvent, type Watch } from '@osm/bus';
import type { CatalogChange } from '@osm/policy';
import type { CatalogObject } from '@osm/proto-mesh';
import type { ServiceContext } from '@osm/runtime';
import { createCompilation, type Compilation } from './compilation.ts';
import { createCompilerMetrics, type CompilerMetrics } from './metrics.ts';
import { createPublisher, type Publisher } from './publisher.ts';

type Context = Pick<
  ServiceContext<unknown>,
  'instance' | 'log' | 'metrics' | 'readiness' | 'signal'
>;

interface Compiler {
  readonly compilation: Compilation;
  readonly publisher: Publisher;
  readonly metrics: CompilerMetrics;
  readonly catalog: Watch<CatalogObject>;
  /**
   * All are needed before anything is written. `current`: since this replica leads it has seen all that the one before it may have seen; else
   * it would take back what that one has published.
   */
  readonly state: { leading: boolean; current: boolean; complete: boolean };
}

/**
 * Follows the catalog, keeps everything compiled in memory, and while it leads makes the buckets equal to it. Returns after the
 * signal; the caller closes the bus.
 */
export async function runPolicyCompiler(
  context: Context,
  bus: Bus,
  compilation: Compilation = createCompilation(),
): Promise<void> {
  const { readiness } = context;
  const compiler: Compiler = {
    compilation,
    publisher: createPublisher(bus),
    metrics: createCompilerMetrics(context.metrics),
    catalog: bus.watch(buckets.catalog, { signal: context.signal }),
    state: { leading: false, current: false, complete: false },
  };
  const busGate = readiness.gate('bus');
  const noteBus = (connected: boolean): void =>
    connected ? busGate.ready() : busGate.notReady('not connected to the bus');
  noteBus(bus.connected());
  bus.onConnected(noteBus);
  // A write that waits for a bus that is away must not hold up the end.
  context.signal.addEventListener('abort', () => void compiler.publisher.follow());

  await Promise.all([followCatalog(context, compiler), followLease(context, bus, compiler)]);
  await compiler.publisher.follow();
}

/** A batch of the bus is one compile: nothing waits for more to come. Before the catalog is complete, changes are only collected. */
async function followCatalog(context: Context, compiler: Compiler): Promise<void> {
  const { log, readiness } = context;
  const { catalog, publisher, compilation, metrics, state } = compiler;
  const gate = readiness.gate('catalog');
  gate.notReady('waiting for a complete catalog');
  const early: TableEvent<CatalogObject>[] = [];
  for await (const batch of catalog) {
    const epoch = batch.findLast((event) => event.kind === 'complete')?.epoch;
    if (epoch !== undefined) metrics.catalogEpochs.inc();
    if (state.complete) {
      await publisher.write(compile(compiler, batch));
      continue;
    }
    for (const event of batch) early.push(event);
    if (epoch === undefined) continue;
    compile(compiler, early.splice(0));
    state.complete = true;
    gate.ready();
    log.info('catalog is complete', { epoch, ...Object.fromEntries(compilation.counts().bundles) });
    await lead(compiler);
  }
}

/** Of several replicas one writes; the others have everything compiled. */
async function followLease(context: Context, bus: Bus, compiler: Compiler): Promise<void> {
  const { instance, log, signal } = context;
  const { catalog, publisher, metrics, state } = compiler;
  let terms = 0;
  for await (const event of bus.lease({ name: 'policy-compiler', holder: instance, signal })) {
    log.info('leadership', { event: event.kind });
    state.leading = event.kind === 'acquired';
    state.current = false;
    terms += 1;
    metrics.leading.set(state.leading ? 1 : 0);
    if (!state.leading) {
      await publisher.follow();
      continue;
    }
    const term = terms;
    void catalog.caughtUp().then(() => {
      if (term !== terms || signal.aborted) return;
      state.current = true;
      void lead(compiler);
    });
  }
}

async function lead({ compilation, publisher, state }: Compiler): Promise<void> {
  if (state.leading && state.current && state.complete) await publisher.lead(compilation.contents);
}

function compile({ compilation, metrics }: Compiler, events: readonly TableEvent<CatalogObject>[]) {
  const end = metrics.compileSeconds.startTimer();
  const { publication, encoded } = compilation.apply(events.flatMap(catalogChange));
  end();
  for (const [unit, count] of encoded) metrics.encoded.inc({ unit }, count);
  const counts = compilation.counts();
  for (const [unit, count] of counts.bundles) metrics.bundles.set({ unit }, count);
  for (const [severity, count] of Object.entries(counts.diagnostics))
    metrics.diagnostics.set({ severity }, count);
  metrics.keptBack.set(counts.keptBack);
  metrics.proxies.set(counts.proxies);
  return publication;
}

/** Objects of kinds that this version does not know are left out. */
function catalogChange(event: TableEvent<CatalogObject>): readonly CatalogChange[] {
  switch (event.kind) {
    case 'put':
      return event.value.kind === undefined
        ? []
        : [{ kind: 'put', key: event.key, value: event.value.kind }];
    case 'delete':
      return [event];
    case 'complete':
      return [];
  }
}
