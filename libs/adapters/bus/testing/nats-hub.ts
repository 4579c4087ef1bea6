import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMetrics } from '@osm/telemetry';
import { createBusOver } from '../src/bus-over-link.ts';
import type { Bus } from '../src/bus.ts';
import { createDevelopmentCredentials } from '../src/development-credentials.ts';
import type { Link } from '../src/link.ts';
import { createNatsLink } from '../src/nats-link.ts';
import { startNatsServer, type NatsServer } from '../src/nats-process.ts';
import { NatsWire } from '../src/nats-wire.ts';
import { ownedBuckets, type MeshRights } from '../src/rights.ts';
import { inboxPrefix, tableSubjects } from '../src/subjects.ts';
import type { ContractHub } from './contract-hub.ts';
import { silentLogger } from './memory-bus.ts';

/** The contract's buckets and subject as rights: who owns and answers has another account than who reads and asks. */
const contractRights: MeshRights = {
  tables: ['contract', 'contract-shared'].map((bucket) => ({
    bucket,
    writer: 'owner',
    readers: ['reader'],
  })),
  subjects: [{ subject: 'osm.contract.v1.echo', responder: 'owner', askers: ['reader'] }],
};

interface HubOptions {
  /** With an account per service, as a mesh runs; else one server for anybody. */
  readonly accounts: boolean;
}

/** A real nats-server in a directory of its own, with everything the contract does to it. */
export async function createNatsHub({ accounts }: HubOptions): Promise<ContractHub> {
  const directory = mkdtempSync(join(tmpdir(), 'osm-bus-'));
  const credentials = accounts
    ? createDevelopmentCredentials(directory, { rights: contractRights })
    : undefined;
  const users = credentials?.users ?? [];
  const first = await startNatsServer({ directory, users, rights: contractRights });
  const { port, url } = first;
  let server: NatsServer = first;
  const start = async (): Promise<void> => {
    server = await startNatsServer({ directory, port, users, rights: contractRights });
  };
  const store = join(directory, 'jetstream');
  const links = new Map<Bus, readonly Link[]>();
  const makeLink = (service: string): Link =>
    createNatsLink({
      url,
      service,
      instance: service,
      credentialsFile: credentials?.files.get(service),
      isOwn: (bucket) => !accounts || ownedBuckets(contractRights, service).has(bucket),
      log: silentLogger,
    });
  const foreign = makeLink('owner');
  const admin = new NatsWire({
    url,
    name: 'admin',
    inboxPrefix: inboxPrefix('owner'),
    credentialsFile: credentials?.files.get('owner'),
    caFile: undefined,
    log: silentLogger,
  });
  return {
    connect: () => {
      const made = accounts ? [makeLink('owner'), makeLink('reader')] : [makeLink('owner')];
      const bus = joinBuses(
        made.map((link) =>
          createBusOver({
            link,
            service: 'reader',
            instance: 'test',
            log: silentLogger,
            metrics: createMetrics(),
          }),
        ),
      );
      links.set(bus, made);
      return bus;
    },
    sever: async (bus) => {
      await Promise.all((links.get(bus) ?? []).map((link) => link.close()));
    },
    stop: () => server.kill(),
    start,
    wipe: async () => rmSync(store, { recursive: true, force: true }),
    snapshot: async () => {
      const copy = join(directory, 'snapshot');
      await server.kill();
      cpSync(store, copy, { recursive: true });
      await start();
      return async () => {
        rmSync(store, { recursive: true, force: true });
        cpSync(copy, store, { recursive: true });
      };
    },
    deleteBucket: async (bucket) => {
      await admin.ask({ subject: tableSubjects.delete(bucket), timeoutMs: 2_000 });
    },
    foreignPut: async (bucket, key, bytes) => {
      await foreign.put({ bucket, key, bytes, expect: { kind: 'none' } });
    },
    close: async () => {
      await Promise.all([admin.close(), foreign.close()]);
      await server.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** One bus that owns and answers by the first connection, and reads and asks by the last. */
function joinBuses(buses: readonly Bus[]): Bus {
  const [owner, reader = owner] = buses;
  if (owner === undefined || reader === undefined) throw new Error('no bus');
  return {
    ...owner,
    connected: () => owner.connected() && reader.connected(),
    watch: reader.watch,
    request: reader.request,
    close: async () => {
      await Promise.all(buses.map((bus) => bus.close()));
    },
  };
}
