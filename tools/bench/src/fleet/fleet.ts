import type { ChannelCredentials } from '@grpc/grpc-js';
import { createBareClients, type BareClients } from './bare-clients.ts';
import { createCredentials } from './connection.ts';
import { createContentCache } from './contents.ts';
import { isMetBy } from './expectations.ts';
import type {
  ExpectedBy,
  FleetAnswer,
  FleetCommand,
  FleetIdentities,
  ProxyIdentity,
} from './messages.ts';
import { createProxy, type Proxy } from './proxy.ts';
import type { ProxyResponse } from './warming.ts';

/** All fake proxies of a run, and what is awaited of them. */
export interface Fleet {
  readonly run: (command: FleetCommand) => Promise<FleetAnswer>;
  readonly close: () => void;
}

export interface FleetOptions {
  readonly address: string;
  readonly serverName: string;
  readonly identities: FleetIdentities;
  /** The machine's monotonic clock in nanoseconds: comparable between processes. */
  readonly nowNs: () => bigint;
  readonly onProblem: (problem: string) => void;
}

/** One change that is awaited: what each proxy still lacks, and when it had it. */
interface Awaited {
  readonly lacking: Map<number, ExpectedBy['expectation']>;
  /** Proxies whose content is there, but which are warming. */
  readonly warming: Set<number>;
  readonly atNs: Map<number, bigint>;
  readonly done: () => void;
}

/** Creates the proxies with their credentials; nothing connects yet. */
export function createFleet(options: FleetOptions): Fleet {
  const { identities, nowNs } = options;
  const cache = createContentCache();
  const awaited = new Set<Awaited>();
  const completeAt = new Map<number, bigint>();
  let lastMessageNs = 0n;
  let onComplete: () => void = () => undefined;
  let bare: BareClients | undefined;

  const onResponse = (index: number, response: ProxyResponse): void => {
    lastMessageNs = nowNs();
    const complete = proxies[index]?.model.complete() ?? false;
    if (complete && !completeAt.has(index)) {
      completeAt.set(index, lastMessageNs);
      onComplete();
    }
    for (const one of awaited) advance(one, index, { response, complete, atNs: lastMessageNs });
  };

  const credentials: ChannelCredentials[] = [];
  const proxies: Proxy[] = identities.proxies.map((identity: ProxyIdentity, index) => {
    const own = createCredentials(identities.rootsPem, identity);
    credentials.push(own);
    return createProxy({
      address: options.address,
      serverName: options.serverName,
      identity,
      credentials: own,
      cache,
      onResponse: (response) => onResponse(index, response),
      onProblem: (problem) => options.onProblem(`${identity.uuid}: ${problem}`),
    });
  });

  const connect = async (count: number): Promise<FleetAnswer> => {
    const startedNs = nowNs();
    const joining = proxies.slice(0, count).filter((_, index) => !completeAt.has(index));
    for (const proxy of joining) proxy.connect();
    await new Promise<void>((resolve) => {
      onComplete = () => {
        if (completeAt.size >= count) resolve();
      };
      onComplete();
    });
    const completeMs = [...completeAt.values()].map((at) => milliseconds(at - startedNs));
    return { kind: 'connected', startedNs: String(startedNs), completeMs };
  };

  const expect = async (expected: readonly ExpectedBy[]): Promise<FleetAnswer> => {
    const order = expected.flatMap((group) => group.proxies);
    const atNs = new Map<number, bigint>();
    await new Promise<void>((resolve) => {
      const one: Awaited = {
        lacking: new Map(
          expected.flatMap((group) =>
            group.proxies.map((index) => [index, group.expectation] as const),
          ),
        ),
        warming: new Set(),
        atNs,
        done: () => {
          awaited.delete(one);
          resolve();
        },
      };
      awaited.add(one);
    });
    return { kind: 'met', atNs: order.map((index) => String(atNs.get(index) ?? 0n)) };
  };

  const run = async (command: FleetCommand): Promise<FleetAnswer> => {
    switch (command.kind) {
      case 'connect':
        return connect(command.count);
      case 'expect':
        return expect(command.expected);
      case 'missing':
        return { kind: 'missing', lines: describeMissing(proxies, identities) };
      case 'take-traffic':
        return {
          kind: 'traffic',
          proxies: proxies.map((proxy) => proxy.takeTraffic()),
          lastMessageNs: String(lastMessageNs),
        };
      case 'connect-bare':
        bare = createBareClients({ ...command, credentials, cache, nowNs });
        await bare.connected();
        return { kind: 'done' };
      case 'expect-bare':
        return { kind: 'met', atNs: (await bare?.received(command.messages))?.map(String) ?? [] };
      case 'disconnect':
        bare?.close();
        for (const proxy of proxies) proxy.close();
        return { kind: 'done' };
    }
  };
  return { run, close: () => void run({ kind: 'disconnect' }) };
}

function advance(
  awaited: Awaited,
  index: number,
  seen: { readonly response: ProxyResponse; readonly complete: boolean; readonly atNs: bigint },
): void {
  const expectation = awaited.lacking.get(index);
  if (expectation !== undefined && isMetBy(expectation, seen.response)) {
    awaited.lacking.delete(index);
    awaited.warming.add(index);
  }
  if (seen.complete && awaited.warming.delete(index)) awaited.atNs.set(index, seen.atNs);
  if (awaited.lacking.size === 0 && awaited.warming.size === 0) awaited.done();
}

const missingMax = 10;

function describeMissing(proxies: readonly Proxy[], identities: FleetIdentities): string[] {
  return proxies
    .flatMap((proxy, index) => {
      if (proxy.model.complete()) return [];
      const identity = identities.proxies[index];
      const lacks = proxy.model.missing().slice(0, missingMax).join(', ');
      return [`${identity?.namespace}/${identity?.serviceAccount} ${identity?.uuid}: ${lacks}`];
    })
    .slice(0, missingMax);
}

function milliseconds(ns: bigint): number {
  return Number(ns) / 1e6;
}
