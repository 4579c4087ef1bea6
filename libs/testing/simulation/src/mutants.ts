import type { Bucket, Bus, OwnedTable, TableEvent, Watch } from '@osm/bus';
import type { Entry, Link, PutRequest, StreamState } from '@osm/bus/testing';
import type { Mutant } from './world.ts';

// The product with one precaution taken away. A simulation that does not notice is none: mutants.spec.ts holds every one of these to be found.

type Watching = <T>(bucket: Bucket<T>, watch: Watch<T>) => Watch<T>;
type Owning = <T>(bucket: Bucket<T>, table: OwnedTable<T>) => OwnedTable<T>;

/** All mutants, by what they lack. */
export const mutants: readonly Mutant[] = [
  {
    name: 'acts before the epoch',
    bus: (bus) => withWatch(bus, (_bucket, watch) => ({ ...watch, ...completeAtOnce(watch) })),
  },
  {
    name: 'deletes before its list is complete',
    bus: (bus) =>
      withTables(bus, (_bucket, table) => {
        table.complete();
        return table;
      }),
  },
  {
    name: 'writes assignments before bundles',
    bus: (bus) =>
      withTables(bus, ({ name }, table) =>
        name === 'compiled' ? { ...table, flushed: () => Promise.resolve() } : table,
      ),
  },
  {
    name: 'leads without having caught up',
    bus: (bus) =>
      withWatch(bus, (_bucket, watch) => ({ ...watch, caughtUp: () => Promise.resolve() })),
    link: (link, { process }) => (process === 'policy-compiler-1' ? hardOfHearing(link) : link),
  },
  {
    name: 'owns on after the lease was given back',
    bus: (bus) =>
      withTables(bus, (_bucket, table) => ({ ...table, close: () => Promise.resolve() })),
  },
  {
    name: 'writes without an expected sequence',
    link: (link) => withPut(link, (request) => ({ ...request, expect: { kind: 'none' } })),
  },
  {
    name: 'compares neither creation nor time of messages',
    link: (link) => ({
      ...link,
      state: async (bucket) => withCreated(await link.state(bucket)),
      read: async (bucket, fromSeq) => (await link.read(bucket, fromSeq)).map(withoutTime),
      listen: (bucket, onEntry) => link.listen(bucket, (entry) => onEntry(withoutTime(entry))),
    }),
  },
  { name: 'resumes above the last sequence', link: resumeAbove },
];

function withWatch(bus: Bus, change: Watching): Bus {
  return { ...bus, watch: (bucket, options) => change(bucket, bus.watch(bucket, options)) };
}

function withTables(bus: Bus, change: Owning): Bus {
  return { ...bus, own: (bucket) => change(bucket, bus.own(bucket)) };
}

function withPut(link: Link, change: (request: PutRequest) => PutRequest): Link {
  return { ...link, put: (request) => link.put(change(request)) };
}

function completeAtOnce<T>(watch: Watch<T>): AsyncIterable<readonly TableEvent<T>[]> {
  return {
    [Symbol.asyncIterator]: async function* () {
      let told = false;
      for await (const batch of watch) {
        yield told ? batch : [...batch, { kind: 'complete', epoch: 'none' }];
        told = true;
      }
    },
  };
}

function withCreated(state: StreamState | undefined): StreamState | undefined {
  return state && { ...state, created: 'always' };
}

function withoutTime(entry: Entry): Entry {
  return { ...entry, stamp: '1' };
}

/** Hears of no change of the catalog as it happens: a trouble, no mistake. It makes a standby that is behind frequent. */
function hardOfHearing(link: Link): Link {
  return {
    ...link,
    listen: (bucket, onEntry) =>
      link.listen(bucket, (entry) => {
        if (bucket !== 'catalog') onEntry(entry);
      }),
  };
}

/** Whatever the stream says, it seems to go on from where this reader was. */
function resumeAbove(link: Link): Link {
  const last = new Map<string, Entry>();
  const note = (bucket: string, entry: Entry): void => {
    if (entry.seq > (last.get(bucket)?.seq ?? 0)) last.set(bucket, entry);
  };
  return {
    ...link,
    listen: (bucket, onEntry) =>
      link.listen(bucket, (entry) => {
        note(bucket, entry);
        onEntry(entry);
      }),
    state: async (bucket) => {
      const state = await link.state(bucket);
      const known = last.get(bucket)?.seq ?? 0;
      return state && { ...state, created: 'always', lastSeq: Math.max(state.lastSeq, known) };
    },
    read: async (bucket, fromSeq) => {
      const entries = await link.read(bucket, fromSeq);
      for (const entry of entries) note(bucket, entry);
      const known = last.get(bucket);
      return known?.seq === fromSeq && entries.length === 0 ? [known] : entries;
    },
  };
}
