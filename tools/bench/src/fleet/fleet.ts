import { createAwaitedChanges } from './awaited-changes.ts';
import { createBareClients, type BareClients } from './bare-clients.ts';
import { createCredentials } from './connection.ts';
import { createContentCache } from './contents.ts';
import type { FleetAnswer, FleetCommand, FleetIdentities } from './messages.ts';
import { createNames } from './names.ts';
import { createProxy, type Proxy } from './proxy.ts';
import { createRequestEncoder } from './requests.ts';
import type { ProxyResponse } from './warming.ts';

/** All fake proxies of a run, and what is awaited of them. */
export interface Fleet {
  readonly run: (command: FleetCommand) => Promise<FleetAnswer>;
}

export interface FleetOptions {
  readonly address: string;
  readonly serverName: string;
  readonly identities: FleetIdentities;
  /** The machine's monotonic clock in nanoseconds: comparable between processes. */
  readonly nowNs: () => bigint;
  readonly onProblem: (problem: string) => void;
}

/** Creates the proxies with their credentials; nothing connects yet. */
export function createFleet(options: FleetOptions): Fleet {
  const { identities, nowNs } = options;
  const names = createNames();
  const cache = createContentCache(names);
  const encode = createRequestEncoder();
  const awaited = createAwaitedChanges();
  const completions = createCompletions();
  let lastMessageNs = 0n;
  let bare: BareClients | undefined;

  const onResponse = (index: number, response: ProxyResponse): void => {
    lastMessageNs = nowNs();
    const complete = proxies[index]?.model.complete() ?? false;
    if (complete) completions.note(index, lastMessageNs);
    awaited.see(index, { response, complete, atNs: lastMessageNs });
  };

  const members = createMembers(identities);
  const credentials = members.map((member) => member.credentials);
  const proxies: readonly Proxy[] = members.map((member, index) =>
    createProxy({
      ...member,
      address: options.address,
      serverName: options.serverName,
      cache,
      names,
      encode,
      onResponse: (response) => onResponse(index, response),
      onProblem: (problem) => options.onProblem(`${member.identity.uuid}: ${problem}`),
    }),
  );

  const connect = async (count: number): Promise<readonly number[]> => {
    const startedNs = nowNs();
    for (const proxy of proxies.slice(0, count)) proxy.connect();
    return (await completions.all(count)).map((atNs) => Number(atNs - startedNs) / 1e6);
  };

  return {
    run: async (command) => {
      switch (command.kind) {
        case 'connect':
          return { kind: 'connected', completeMs: await connect(command.count) };
        case 'expect':
          awaited.expect(command.change, command.expected);
          return { kind: 'done' };
        case 'await':
          return { kind: 'met', atNs: (await awaited.met(command.change)).map(String) };
        case 'missing':
          return {
            kind: 'missing',
            lines: describeMissing(proxies, identities, awaited.lacking()),
          };
        case 'take-traffic':
          return { kind: 'traffic', proxies: proxies.map((proxy) => proxy.takeTraffic()) };
        case 'last-message':
          return { kind: 'last-message', lastMessageNs: String(lastMessageNs) };
        case 'connect-bare':
          bare = createBareClients({ ...command, credentials, cache, nowNs });
          await bare.connected();
          return { kind: 'done' };
        case 'await-bare':
          return { kind: 'met', atNs: (await bare?.received(command.messages))?.map(String) ?? [] };
      }
    },
  };
}

function createMembers({ rootsPem, proxies }: FleetIdentities) {
  return proxies.map((identity) => ({
    identity,
    credentials: createCredentials(rootsPem, identity),
  }));
}

/** When proxies were complete for the first time. */
function createCompletions() {
  const atNs = new Map<number, bigint>();
  let onFirst: () => void = () => undefined;
  return {
    note: (proxy: number, nowNs: bigint): void => {
      if (atNs.has(proxy)) return;
      atNs.set(proxy, nowNs);
      onFirst();
    },
    all: async (count: number): Promise<readonly bigint[]> => {
      await new Promise<void>((resolve) => {
        onFirst = () => {
          if (atNs.size >= count) resolve();
        };
      });
      return [...atNs.values()];
    },
  };
}

const missingMax = 10;

function describeMissing(
  proxies: readonly Proxy[],
  identities: FleetIdentities,
  lacking: readonly number[],
): string[] {
  const waiting = `${lacking.length} proxies lack a change: ${lacking.slice(0, missingMax).join(', ')}`;
  const incomplete = proxies
    .flatMap((proxy, index) => {
      if (proxy.model.complete()) return [];
      const identity = identities.proxies[index];
      const lacks = proxy.model.missing().slice(0, missingMax).join(', ');
      return [`${identity?.namespace}/${identity?.serviceAccount} ${identity?.uuid}: ${lacks}`];
    })
    .slice(0, missingMax);
  return [waiting, ...incomplete];
}
