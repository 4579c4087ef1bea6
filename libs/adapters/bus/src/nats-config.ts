import { meshRights, rightsOf, type MeshRights } from './rights.ts';

/** What differs from one server to another. */
export interface NatsConfigOptions {
  readonly host: string;
  /** Tells servers apart; default osm. `$NAME` is that variable of the server's environment. */
  readonly serverName?: string;
  readonly port: number;
  /** Where JetStream keeps its files. */
  readonly storeDir: string;
  /**
   * The services that may connect; several keys of one are its old and its new ones. Empty: anybody may, in one account without limits
   * (tests).
   */
  readonly users: readonly { readonly service: string; readonly publicKey: string }[];
  readonly rights?: MeshRights;
  /** Most bytes that JetStream may keep; without one three quarters of the free disk. */
  readonly storeBytesMax?: number;
  /** Makes the server one of a JetStream cluster; 3 or 5 of them. */
  readonly cluster?: {
    readonly name: string;
    /** Where the others find it. */
    readonly port: number;
    /** `host:port` of all members. */
    readonly members: readonly string[];
  };
  /** Port of NATS' own monitoring pages, on the same host. */
  readonly monitorPort?: number;
  /**
   * Files of the server's certificate and key; without them connections are plain text. Services prove who they are by their keys and need
   * no certificate; servers of a cluster show each other theirs, and `caFile` says who signs them.
   */
  readonly tls?: { readonly certFile: string; readonly keyFile: string; readonly caFile: string };
}

const connectionsMax = 1_024;
/** Replicas of one service; each has two connections while it moves over to new credentials. */
const connectionsMaxOfService = 256;
const subscriptionsMaxOfService = 16_384;

/** The configuration of a nats-server for the mesh: one account per service, users by nkey, permissions as in rights.ts. */
export function renderNatsConfig(options: NatsConfigOptions): string {
  const { users } = options;
  const rights = options.rights ?? meshRights;
  const jetstream = [`store_dir: ${quote(options.storeDir)}`];
  if (options.storeBytesMax !== undefined)
    jetstream.push(`max_file_store: ${options.storeBytesMax}`);
  const head = [
    `listen: ${quote(`${options.host}:${options.port}`)}`,
    `server_name: ${renderName(options.serverName ?? 'osm')}`,
    'max_payload: 1MB',
    'max_control_line: 4KB',
    `max_connections: ${connectionsMax}`,
    // A client that does not read is disconnected, and reads what it lacks when it comes back.
    'max_pending: 64MB',
    'write_deadline: "10s"',
    `jetstream { ${jetstream.join(', ')} }`,
  ];
  if (options.monitorPort !== undefined)
    head.push(`http: ${quote(`${options.host}:${options.monitorPort}`)}`);
  if (options.cluster !== undefined) {
    const { name, port, members } = options.cluster;
    const routes = members.map((member) => quote(`nats-route://${member}`));
    head.push(
      `cluster { name: ${quote(name)}, listen: ${quote(`${options.host}:${port}`)}, routes: [${routes.join(', ')}]${renderClusterTls(options)} }`,
    );
  }
  if (options.tls !== undefined) head.push(`tls { ${renderTls(options.tls)} }`);
  if (users.length === 0) return `${head.join('\n')}\n`;
  const keys = new Map<string, string[]>();
  for (const { service, publicKey } of users)
    keys.set(service, [...(keys.get(service) ?? []), publicKey]);
  const present = new Set(keys.keys());
  const accounts = [...keys].map(([service, publicKeys]) =>
    renderAccount(service, publicKeys, rights, present),
  );
  return `${head.join('\n')}\naccounts {\n${accounts.join('')}}\n`;
}

function renderTls({ certFile, keyFile }: NonNullable<NatsConfigOptions['tls']>): string {
  return `cert_file: ${quote(certFile)}, key_file: ${quote(keyFile)}, min_version: "1.2", timeout: 5`;
}

function renderClusterTls({ tls }: NatsConfigOptions): string {
  if (tls === undefined) return '';
  return `, tls { ${renderTls(tls)}, ca_file: ${quote(tls.caFile)}, verify: true }`;
}

function renderAccount(
  service: string,
  publicKeys: readonly string[],
  rights: MeshRights,
  present: ReadonlySet<string>,
): string {
  const { stores, publish, subscribe, responds, exports, imports } = rightsOf(service, rights);
  const exported = exports.flatMap((each) => {
    const accounts = each.accounts.filter((name) => present.has(name));
    if (accounts.length === 0) return [];
    const streamed = each.streamed === true ? ', response_type: stream' : '';
    return [`{ ${each.kind}: ${quote(each.subject)}${streamed}, accounts: ${list(accounts)} }`];
  });
  const imported = imports
    .filter(({ account }) => present.has(account))
    .map(({ kind, account, subject, to }) => {
      const renamed = to === undefined ? '' : `, to: ${quote(to)}`;
      return `{ ${kind}: { account: ${quote(account)}, subject: ${quote(subject)} }${renamed} }`;
    });
  return [
    `  ${quote(service)} {`,
    ...(stores ? ['    jetstream: enabled'] : []),
    `    limits { max_connections: ${connectionsMaxOfService}, max_subscriptions: ${subscriptionsMaxOfService} }`,
    '    default_permissions {',
    `      publish: ${list(publish)}`,
    `      subscribe: ${list(subscribe)}`,
    ...(responds ? ['      allow_responses: { max: 1, expires: "1m" }'] : []),
    '    }',
    `    users: [ ${publicKeys.map((key) => `{ nkey: ${key} }`).join(', ')} ]`,
    `    exports: [ ${exported.join(', ')} ]`,
    `    imports: [ ${imported.join(', ')} ]`,
    '  }',
    '',
  ].join('\n');
}

function renderName(name: string): string {
  return name.startsWith('$') ? name : quote(name);
}

function list(items: readonly string[]): string {
  return `[${items.map(quote).join(', ')}]`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
