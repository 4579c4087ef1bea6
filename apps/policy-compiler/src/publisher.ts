import { buckets, type Bus, type OwnedTable } from '@osm/bus';
import type { UnitKey } from '@osm/policy';
import type { Bundle, Diagnostics, ProxyAssignment } from '@osm/proto-mesh';

/** Differences for the three buckets of this service. */
export interface Publication {
  /** Each after all that it includes. */
  readonly bundlePuts: readonly (readonly [UnitKey, Bundle])[];
  readonly bundleDeletes: readonly UnitKey[];
  readonly assignmentPuts: readonly (readonly [string, ProxyAssignment])[];
  readonly assignmentDeletes: readonly string[];
  readonly diagnosticPuts: readonly (readonly [string, Diagnostics])[];
  readonly diagnosticDeletes: readonly string[];
}

/** Writes what was compiled, while this replica leads. */
export interface Publisher {
  /** Takes the buckets over and makes them equal to `contents`, read when its turn comes. */
  readonly lead: (contents: () => Publication) => Promise<void>;
  /** Stops writing. */
  readonly follow: () => Promise<void>;
  /** Writes differences; does nothing while another replica leads. Resolves when the next ones may come. */
  readonly write: (publication: Publication) => Promise<void>;
}

interface Tables {
  readonly compiled: OwnedTable<Bundle>;
  readonly workloads: OwnedTable<ProxyAssignment>;
  readonly diagnostics: OwnedTable<Diagnostics>;
}

/** Creates a publisher that does not lead yet. One job at a time, in the order of the calls. */
export function createPublisher(bus: Bus): Publisher {
  let tables: Tables | undefined;
  let last: Promise<void> = Promise.resolve();
  const inTurn = (job: () => Promise<void>): Promise<void> => {
    const done = last.then(job);
    last = done.catch(() => undefined);
    return done;
  };
  const follow = async (): Promise<void> => {
    const closing = tables;
    tables = undefined;
    // Not in turn: closing is what ends a job that waits for a bus that is away.
    await Promise.all(
      Object.values(closing ?? {}).map((table: OwnedTable<never>) => table.close()),
    );
  };
  return {
    lead: (contents) => {
      const own: Tables = {
        compiled: bus.own(buckets.compiled),
        workloads: bus.own(buckets.workloads),
        diagnostics: bus.own(buckets.diagnostics),
      };
      tables = own;
      return inTurn(() => writeAll(own, contents()));
    },
    follow,
    write: (publication) =>
      inTurn(() => (tables === undefined ? Promise.resolve() : writeChanges(tables, publication))),
  };
}

async function writeAll(tables: Tables, contents: Publication): Promise<void> {
  const { compiled, workloads, diagnostics } = tables;
  await writeChanges(tables, contents);
  workloads.complete();
  diagnostics.complete();
  // Bundles of before are deleted only when no assignment names them any more.
  await workloads.flushed();
  compiled.complete();
}

/** An assignment goes after the bundle that it names, a bundle is deleted after the assignments that named it. */
async function writeChanges(tables: Tables, publication: Publication): Promise<void> {
  const { compiled, workloads, diagnostics } = tables;
  const { assignmentPuts, assignmentDeletes, bundleDeletes } = publication;
  for (const [key, bundle] of publication.bundlePuts) compiled.set(key, bundle);
  for (const [key, value] of publication.diagnosticPuts) diagnostics.set(key, value);
  for (const key of publication.diagnosticDeletes) diagnostics.remove(key);
  if (assignmentPuts.length > 0 || assignmentDeletes.length > 0) {
    await compiled.flushed();
    for (const [uuid, assignment] of assignmentPuts) workloads.set(uuid, assignment);
    for (const uuid of assignmentDeletes) workloads.remove(uuid);
    if (bundleDeletes.length > 0) await workloads.flushed();
  }
  for (const key of bundleDeletes) compiled.remove(key);
}
