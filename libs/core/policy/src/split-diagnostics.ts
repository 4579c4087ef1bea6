import type { Database, Query, QueryContext } from '@osm/incremental';
import type { Diagnostic } from '@osm/model';
import type { CatalogIndexes, CatalogInputs } from './catalog-inputs.ts';
import { diagnosticsOf, type Finding } from './diagnostics.ts';
import type { EndpointQueries } from './endpoints.ts';
import { namespacedName, type NamespacedName } from './names.ts';
import { sibling, sortedUnique, type MembershipQueries } from './membership.ts';
import type { Split, SplitQueries } from './splits.ts';
import { isEffective } from './targets.ts';

interface Known extends MembershipQueries, EndpointQueries, SplitQueries {}

interface Context {
  readonly ctx: QueryContext;
  readonly inputs: CatalogInputs;
  readonly indexes: CatalogIndexes;
  readonly known: Known;
  readonly root: NamespacedName;
  readonly split: Split;
}

/** Creates the query for what there is to say about a TrafficSplit. */
export function createSplitDiagnosticsQuery(
  db: Database,
  inputs: CatalogInputs,
  indexes: CatalogIndexes,
  known: Known,
): Query<string, readonly Diagnostic[] | undefined> {
  return db.query<string, readonly Diagnostic[] | undefined>({
    name: 'diagnostics of a split',
    compute: (text, ctx) => {
      const key = text as NamespacedName;
      const object = ctx.get(inputs.splits, key);
      if (object === undefined) return undefined;
      const root = namespacedName(object.namespace, object.service);
      const split = ctx.read(known.split, root);
      if (split === undefined) return undefined;
      return diagnosticsOf('TrafficSplit', key, [
        ...(split.key === key
          ? findings({ ctx, inputs, indexes, known, root, split })
          : [ignoredFor(split.key, root)]),
      ]);
    },
  });
}

function ignoredFor(winner: NamespacedName, root: NamespacedName): Finding {
  const text = `TrafficSplit ${winner} has the root service ${root} too and comes first by name, so this one is ignored; delete one of them`;
  return { code: 'split_ignored', text };
}

function findings(context: Context): readonly Finding[] {
  const { ctx, known, root, split } = context;
  if (ctx.read(known.service, root) === undefined) {
    const text = `its root service ${root} does not exist; create it, or correct spec.service`;
    return [{ code: 'split_root_missing', text }];
  }
  return [
    ...withoutWeight(root, split),
    ...rootWithoutPods(context),
    ...split.backends.flatMap(({ service, weight }) => [
      ...incompleteBackend(context, service),
      ...(weight > 0 ? forbiddenBackend(context, service) : []),
    ]),
  ];
}

function withoutWeight(root: NamespacedName, { backends }: Split): readonly Finding[] {
  if (backends.some(({ weight }) => weight > 0)) return [];
  const text = `all its weights are 0, so ${root} answers 503; give a backend a weight`;
  return [{ code: 'split_without_weight', text }];
}

function rootWithoutPods({ ctx, inputs, known, root }: Context): readonly Finding[] {
  if (ctx.get(inputs.permissive, '') === true) return [];
  if (ctx.read(known.servicePods, root).length > 0) return [];
  const text = `its root service ${root} selects no pods, so no client is allowed to call it; let its selector match the pods of the backends`;
  return [{ code: 'split_root_without_pods', text }];
}

function incompleteBackend({ ctx, known, root }: Context, name: string): readonly Finding[] {
  const backend = sibling(root, name);
  if (ctx.read(known.service, backend) === undefined) {
    const text = `its backend ${backend} does not exist and gets nothing; create the service, or remove the backend`;
    return [{ code: 'split_backend_missing', text }];
  }
  const has = new Set(ctx.read(known.ports, backend).map(({ port }) => port));
  return ctx
    .read(known.ports, root)
    .filter(({ port }) => !has.has(port))
    .map(({ port }) => ({
      code: 'split_backend_port_missing',
      text: `its backend ${backend} has no port ${port}, which the root service ${root} has, and gets nothing there; add the port to the service`,
    }));
}

function forbiddenBackend(context: Context, name: string): readonly Finding[] {
  const { ctx, inputs, known, root } = context;
  if (ctx.get(inputs.permissive, '') === true) return [];
  const backend = sibling(root, name);
  // Without pods there is nobody to allow.
  if (ctx.read(known.serviceAccounts, backend).length === 0) return [];
  const allowed = new Set(callersOf(context, backend));
  const clients = callersOf(context, root).filter((client) => !allowed.has(client));
  if (clients.length === 0) return [];
  const some = clients.slice(0, 3).join(', ') + (clients.length > 3 ? ', ...' : '');
  const text = `${some} may call the root service ${root} but no account behind its backend ${backend}, and get 503 for its share; add a TrafficTarget for it`;
  return [{ code: 'split_backend_forbidden', text }];
}

/** Sources of the TrafficTargets for the accounts behind a service. */
function callersOf(context: Context, service: NamespacedName): readonly NamespacedName[] {
  const { ctx, inputs, indexes, known } = context;
  const callers = ctx
    .read(known.serviceAccounts, service)
    .flatMap((account) => ctx.keys(indexes.targetsByDestination, sibling(service, account)))
    .map((key) => ctx.get(inputs.targets, key))
    .filter((target) => target !== undefined && isEffective(ctx, inputs, target))
    .flatMap((target) => target?.sources ?? [])
    .map((source) => namespacedName(source.namespace, source.name));
  return sortedUnique(callers);
}
