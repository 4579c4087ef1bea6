import { buckets } from './buckets.ts';
import { leaseBucket } from './lease.ts';
import { askSubject, inboxPrefix, subjects, tableSubjects } from './subjects.ts';

/** Who may write and read which bucket, and who may answer and ask on which subject. */
export interface MeshRights {
  readonly tables: readonly {
    readonly bucket: string;
    readonly writer: string;
    readonly readers: readonly string[];
  }[];
  readonly subjects: readonly {
    readonly subject: string;
    readonly responder: string;
    readonly askers: readonly string[];
  }[];
  /** The services of which one instance leads; all, unless given. */
  readonly leaders?: readonly string[];
}

/** The rights of the mesh's services: the table of buckets.ts and subjects.ts. */
export const meshRights: MeshRights = {
  tables: [
    {
      bucket: buckets.catalog.name,
      writer: 'catalog-watcher',
      readers: ['certificate-manager', 'console', 'injector', 'policy-compiler'],
    },
    { bucket: buckets.compiled.name, writer: 'policy-compiler', readers: ['xds-server'] },
    { bucket: buckets.workloads.name, writer: 'policy-compiler', readers: ['xds-server'] },
    {
      bucket: buckets.trust.name,
      writer: 'certificate-manager',
      readers: ['catalog-watcher', 'injector', 'xds-server'],
    },
    {
      bucket: buckets.diagnostics.name,
      writer: 'policy-compiler',
      readers: ['catalog-watcher', 'console'],
    },
    {
      bucket: buckets.proxyStatus.name,
      writer: 'xds-server',
      readers: ['catalog-watcher', 'certificate-manager', 'console'],
    },
  ],
  leaders: ['catalog-watcher', 'certificate-manager', 'policy-compiler'],
  subjects: [
    {
      subject: subjects.sign.name,
      responder: 'certificate-manager',
      askers: ['catalog-watcher', 'injector', 'xds-server'],
    },
  ],
};

/** An export of an account, and who may import it. */
export interface AccountExport {
  readonly kind: 'service' | 'stream';
  readonly subject: string;
  readonly accounts: readonly string[];
  /** A service that answers with many messages. */
  readonly streamed?: true;
}

export interface AccountImport {
  readonly kind: 'service' | 'stream';
  readonly account: string;
  readonly subject: string;
  /** The name here, when it is not the name there. */
  readonly to?: string;
}

/**
 * What one service may do. Every service is an account of its own: its buckets live in it, nothing is visible to others but the exports, and
 * a reply always lands in the account of the one who asked. So nobody can point an answer or a consumer at a subject of somebody else.
 */
export interface ServiceRights {
  readonly service: string;
  /** Has buckets of its own. */
  readonly stores: boolean;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** May answer what it was asked. */
  readonly responds: boolean;
  readonly exports: readonly AccountExport[];
  readonly imports: readonly AccountImport[];
}

/** Every service named in the rights, sorted. */
export function serviceNames(rights: MeshRights = meshRights): readonly string[] {
  const names = [
    ...rights.tables.flatMap(({ writer, readers }) => [writer, ...readers]),
    ...rights.subjects.flatMap(({ responder, askers }) => [responder, ...askers]),
  ];
  return [...new Set(names)].sort();
}

/** Names of the buckets that live in the account of a service: those it writes, and its leases if it has any. */
export function ownedBuckets(rights: MeshRights, service: string): ReadonlySet<string> {
  const owned = rights.tables.filter(({ writer }) => writer === service);
  const leads = rights.leaders?.includes(service) ?? true;
  return new Set([...owned.map(({ bucket }) => bucket), ...(leads ? [leaseBucket] : [])]);
}

/** Derives the rights of one service. */
export function rightsOf(service: string, rights: MeshRights = meshRights): ServiceRights {
  const own = [...ownedBuckets(rights, service)];
  const read = rights.tables.filter(({ readers }) => readers.includes(service));
  const asked = rights.subjects.filter(({ askers }) => askers.includes(service));
  const answered = rights.subjects.filter(({ responder }) => responder === service);
  return {
    service,
    stores: own.length > 0,
    publish: [
      ...own.flatMap((bucket) => [
        tableSubjects.puts(bucket),
        tableSubjects.create(bucket),
        tableSubjects.update(bucket),
        tableSubjects.delete(bucket),
        tableSubjects.ownState(bucket),
        tableSubjects.ownRead(bucket),
      ]),
      ...read.flatMap(({ bucket }) => [
        tableSubjects.importedState(bucket),
        tableSubjects.importedRead(bucket),
      ]),
      ...asked.map(({ subject }) => askSubject(subject, service)),
    ],
    subscribe: [
      `${inboxPrefix(service)}.>`,
      ...own.flatMap((bucket) => [tableSubjects.live(bucket), tableSubjects.events(bucket)]),
      ...read.map(({ bucket }) => tableSubjects.live(bucket)),
      ...answered.map(({ subject }) => askSubject(subject, '*')),
    ],
    responds: answered.length > 0,
    exports: [
      ...rights.tables.filter(({ writer }) => writer === service).flatMap(tableExports),
      ...answered.flatMap(({ subject, askers }) =>
        askers.map((asker): AccountExport => ({
          kind: 'service',
          subject: askSubject(subject, asker),
          accounts: [asker],
        })),
      ),
    ],
    imports: [
      ...read.flatMap(({ bucket, writer }) => tableImports(bucket, writer)),
      ...asked.map(({ subject, responder }): AccountImport => ({
        kind: 'service',
        account: responder,
        subject: askSubject(subject, service),
      })),
    ],
  };
}

function tableExports({
  bucket,
  readers: accounts,
}: MeshRights['tables'][number]): AccountExport[] {
  return [
    { kind: 'stream', subject: tableSubjects.live(bucket), accounts },
    { kind: 'service', subject: tableSubjects.ownState(bucket), accounts },
    { kind: 'service', subject: tableSubjects.ownRead(bucket), accounts, streamed: true },
  ];
}

function tableImports(bucket: string, account: string): AccountImport[] {
  return [
    { kind: 'stream', account, subject: tableSubjects.live(bucket) },
    {
      kind: 'service',
      account,
      subject: tableSubjects.ownState(bucket),
      to: tableSubjects.importedState(bucket),
    },
    {
      kind: 'service',
      account,
      subject: tableSubjects.ownRead(bucket),
      to: tableSubjects.importedRead(bucket),
    },
  ];
}
