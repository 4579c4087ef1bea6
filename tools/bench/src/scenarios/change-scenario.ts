import type { Traffic } from '../fleet/messages.ts';
import type { Change } from '../mesh/changes.ts';
import { summarise, type Summary } from '../statistics.ts';
import type { ServiceName } from '../world/services.ts';
import type { World } from '../world/world.ts';

/** What one kind of change costs, over many repetitions. */
export interface ChangeResult {
  readonly repetitions: number;
  /** Proxies that one change touches. */
  readonly affected: number;
  /** From the write until a proxy has decoded and warmed it, over all repetitions and affected proxies. */
  readonly latencyMs: Summary;
  /** Per change. */
  readonly affectedBytes: number;
  readonly affectedResponses: number;
  /** Per change, over all other proxies together. Must be 0. */
  readonly unaffectedBytes: number;
  readonly unaffectedResponses: number;
  /** Unchanged ClusterLoadAssignments sent again after a changed cluster, per change. */
  readonly repeatedAssignments: number;
  /** Resources that the policy-compiler encoded, per change. */
  readonly encoded: number;
  /** Processor seconds per change. */
  readonly cpuSeconds: Readonly<Record<ServiceName, number>>;
}

/** Applies changes one after another; the next one is written when the mesh has gone quiet. */
export async function measureChanges(
  world: World,
  changes: readonly Change[],
): Promise<ChangeResult> {
  await world.quiet();
  await world.fleet.takeTraffic();
  const latencies: number[] = [];
  const before = await world.snapshot();
  let affected = 0;
  let touched = noSum;
  let others = noSum;
  for (const change of changes) {
    latencies.push(...(await applyChange(world, change)));
    await world.quiet();
    const traffic = await world.fleet.takeTraffic();
    const proxies = new Set(change.expected.flatMap((group) => group.proxies));
    affected = Math.max(affected, proxies.size);
    touched = add(touched, traffic, (index) => proxies.has(index));
    others = add(others, traffic, (index) => !proxies.has(index));
  }
  const used = world.since(before, await world.snapshot());
  const each = (total: number): number => total / changes.length;
  return {
    repetitions: changes.length,
    affected,
    latencyMs: summarise(latencies),
    affectedBytes: each(touched.bytes),
    affectedResponses: each(touched.responses),
    unaffectedBytes: each(others.bytes),
    unaffectedResponses: each(others.responses),
    repeatedAssignments: each(touched.repeatedAssignments + others.repeatedAssignments),
    encoded: each(used.encoded),
    cpuSeconds: mapValues(used.cpuSeconds, each),
  };
}

/** Writes a change and waits until everybody has it. Milliseconds from the write, one per affected proxy. */
export async function applyChange(world: World, change: Change): Promise<number[]> {
  const met = await world.fleet.expect(change.expected);
  const writtenNs = await world.directory.apply(change.edit);
  const arrivals = await world.within(met(), `the change of ${nameOf(change)}`);
  return arrivals.map((atNs) => Number(atNs - writtenNs) / 1e6);
}

const noSum: Traffic = { bytes: 0, responses: 0, repeatedAssignments: 0 };

function add(
  sum: Traffic,
  traffic: readonly Traffic[],
  counts: (index: number) => boolean,
): Traffic {
  return traffic
    .filter((_, index) => counts(index))
    .reduce(
      (total, one) => ({
        bytes: total.bytes + one.bytes,
        responses: total.responses + one.responses,
        repeatedAssignments: total.repeatedAssignments + one.repeatedAssignments,
      }),
      sum,
    );
}

function mapValues<K extends string>(
  record: Readonly<Record<K, number>>,
  map: (value: number) => number,
): Record<K, number> {
  return Object.fromEntries(
    Object.entries<number>(record).map(([key, value]) => [key, map(value)]),
  ) as Record<K, number>;
}

function nameOf({ edit }: Change): string {
  return edit.kind === 'write' ? edit.file.name : edit.name;
}
