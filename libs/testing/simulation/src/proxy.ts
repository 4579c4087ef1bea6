import { proxySpiffeIdOf } from '@osm/pki';
import { DeltaDiscoveryResponse, typeUrls } from '@osm/proto-envoy/discovery';
import type { StreamEvents } from '@osm/rpc';
import { createModelClient, type ModelClient } from '@osm/xds/testing';
import type { Front } from './front.ts';
import type { Journal } from './journal.ts';
import { createKnowledge } from './knowledge.ts';
import { namespace, proxyUuids, type Body } from './model-mesh.ts';
import type { Chance } from './random.ts';
import type { Owner, Scheduler } from './scheduler.ts';
import { grantsOf, serviceCount, serviceNames, type ObjectName, type Truth } from './truth.ts';
import type { Served } from './watching.ts';

/** A simulated Envoy: it follows whichever server it finds, acknowledges, and must never be told what was not true. */
export interface Proxy {
  readonly client: ModelClient;
  /** Services it has a listener for, with the generation of the cluster behind it. */
  readonly reachable: () => ReadonlyMap<number, number | undefined>;
  /** What the workload's own route says of every grant that concerns it. */
  readonly grants: () => Body['made'];
  readonly secrets: () => readonly string[];
  /** The stream breaks. */
  readonly cut: () => void;
  readonly connectedTo: () => string | undefined;
}

export interface ProxyOptions {
  readonly at: number;
  readonly truth: Truth;
  readonly front: Front;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly journal: Journal;
  /** What a server has at present for a pod; undefined when it is gone. */
  readonly servedBy: (server: string, pod: number) => Served | undefined;
}

interface Conversation {
  readonly server: string;
  readonly owner: Owner;
  forget: () => void;
  events: StreamEvents<unknown> | undefined;
  queuedBytes: number;
  over: boolean;
  /** In order, both ways. */
  toServerMs: number;
  toProxyMs: number;
}

const latencyMs = [0.1, 2] as const;
const retryMs = [20, 150] as const;

/** Creates a proxy that looks for a server at once. */
export function createProxy(options: ProxyOptions): Proxy {
  const { at, front, scheduler, chance, journal } = options;
  const name = `proxy-${at}`;
  const uuid = proxyUuids[at] ?? '';
  const client = createModelClient();
  const judge = createJudge(options, client);
  const secrets = new Map<string, string>();
  const uris = [
    proxySpiffeIdOf({ uuid, identity: { namespace, serviceAccount: `w${at}` } }, 'cluster.local'),
  ];
  let current: Conversation | undefined;
  let servers = 0;
  let last = '';

  const send = (to: Conversation, request: unknown): void => {
    to.toServerMs = Math.max(to.toServerMs, scheduler.now() + chance.between(...latencyMs));
    const arrive = (): void => {
      if (!to.over) to.events?.onRequest(request);
    };
    scheduler.after(to.toServerMs - scheduler.now(), arrive, to.owner);
  };
  const end = (ended: Conversation, tellServer: boolean): void => {
    if (ended.over) return;
    ended.over = true;
    ended.forget();
    if (current === ended) current = undefined;
    if (tellServer)
      scheduler.after(chance.between(...latencyMs), () => ended.events?.onClose(), ended.owner);
    scheduler.after(chance.between(...retryMs), connect);
  };
  const received = (from: Conversation, bytes: Uint8Array, served: Served | undefined): void => {
    if (from.over) return;
    const response = DeltaDiscoveryResponse.decode(bytes);
    if (response.typeUrl === typeUrls.secret) {
      for (const each of response.resources) secrets.set(each.name, each.version);
      return send(from, request(response.typeUrl, { responseNonce: response.nonce }));
    }
    const before = client.violations.length;
    const answers = client.receive(bytes);
    if (journal.traced) journal.note(name, () => show(response));
    const [broken] = client.violations.slice(before);
    if (broken !== undefined)
      journal.violated('a proxy has what its routes name', `${name}: ${broken}`);
    judge(from.server, served);
    for (const answer of answers) send(from, answer);
  };
  const connect = (): void => {
    if (current !== undefined) return;
    const server = chance.maybePick(front.servers());
    const door = server === undefined ? undefined : front.door(server);
    if (server === undefined || door === undefined) {
      scheduler.after(chance.between(...retryMs), connect);
      return;
    }
    const made: Conversation = {
      server,
      owner: door.owner,
      forget: () => undefined,
      events: undefined,
      queuedBytes: 0,
      over: false,
      toServerMs: 0,
      toProxyMs: 0,
    };
    current = made;
    servers += 1;
    if (servers > 1 && last !== server) journal.count('proxy goes to another server');
    last = server;
    journal.note(name, () => `connects to ${server}`);
    made.forget = front.onClose(server, () => end(made, false));
    door.open({
      peer: { dnsNames: [], uris },
      remoteAddress: name,
      listen: (events) => {
        made.events = events;
      },
      send: (bytes) => {
        if (made.over) return;
        made.queuedBytes += bytes.length;
        // What it has when it says this: it may know more when this arrives.
        const served = options.servedBy(server, at);
        made.toProxyMs = Math.max(made.toProxyMs, scheduler.now() + chance.between(...latencyMs));
        scheduler.after(made.toProxyMs - scheduler.now(), () => {
          made.queuedBytes -= bytes.length;
          received(made, bytes, served);
          scheduler.after(0, () => made.over || made.events?.onFlushed(), door.owner);
        });
      },
      queuedBytes: () => made.queuedBytes,
      end: ({ message }) => {
        journal.note(name, () => `stream ended: ${message}`);
        end(made, true);
      },
    });
    const [first, ...others] = client.connect();
    send(made, { ...first, node: { id: uuid } });
    for (const other of others) send(made, other);
    send(made, request(typeUrls.secret, { resourceNamesSubscribe: ['identity', 'trust'] }));
  };
  scheduler.after(chance.between(0, 100), connect);
  return {
    client,
    reachable: () => reachableBy(client),
    grants: () => inboundOf(client)?.made ?? [],
    secrets: () => [...secrets.keys()].sort(),
    cut: () => {
      if (current !== undefined) end(current, true);
    },
    connectedTo: () => current?.server,
  };
}

function request(typeUrl: string, parts: object) {
  return {
    typeUrl,
    resourceNamesSubscribe: [],
    resourceNamesUnsubscribe: [],
    initialResourceVersions: {},
    responseNonce: '',
    errorDetail: undefined,
    ...parts,
  };
}

function bodyOf(client: ModelClient, type: 'cluster' | 'route', name: string): Body | undefined {
  return client.holdings[type].get(name)?.body as unknown as Body | undefined;
}

function inboundOf(client: ModelClient): Body | undefined {
  return bodyOf(client, 'route', 'inbound');
}

function reachableBy(client: ModelClient): ReadonlyMap<number, number | undefined> {
  const reachable = new Map<number, number | undefined>();
  for (let at = 0; at < serviceCount; at += 1) {
    if (!client.holdings.listener.has(`o${at}`)) continue;
    reachable.set(at, bodyOf(client, 'cluster', `c${at}`)?.made[0]?.[1] ?? undefined);
  }
  return reachable;
}

/** Compares after every response what the proxy has with what may be. */
function createJudge(
  { at, truth, journal }: ProxyOptions,
  client: ModelClient,
): (server: string, served: Served | undefined) => void {
  const knowledge = createKnowledge(truth);
  const had = new Set<number>();
  const generations = new Map<number, number | null | undefined>();
  let hadInbound = false;
  let judged: Body | undefined;

  /** A proxy that changed servers may go back to what its new server knows: that one says what is true. */
  const isBehind = (served: Served | undefined, names: readonly ObjectName[]): boolean => {
    let behind = false;
    if (served === undefined) return false;
    for (const name of names) {
      const isOfBundle = !name.startsWith('service') || served.lacking.has(name);
      const its = isOfBundle ? served.bundle : served.services;
      if (its.place(name) >= knowledge.place(name)) continue;
      knowledge.adopt(name, its);
      behind = true;
    }
    return behind;
  };
  const hold = (
    served: Served | undefined,
    names: readonly ObjectName[],
    law: () => boolean,
    what: string,
  ): void => {
    if (law() || journal.forged) return;
    if (isBehind(served, names) && law()) {
      journal.count('proxy goes back to what its new server knows');
      return;
    }
    journal.violated(
      'a proxy is told nothing that was not true after what it knew',
      `proxy-${at}: ${what}`,
    );
  };
  return (server, served) => {
    const inbound = inboundOf(client);
    const news = inbound === judged ? [] : (inbound?.made ?? []);
    judged = inbound;
    for (const [name, state] of news) {
      const now = state ?? undefined;
      hold(served, [name], () => knowledge.is(name, now), `${name} is ${now ?? 'gone'}`);
    }
    const reachable = reachableBy(client);
    for (const [service, name] of serviceNames.entries()) {
      const grant = grantsOf[at]?.[service] ?? 'grant 0>0';
      const generation = bodyOf(client, 'cluster', `c${service}`)?.made[0]?.[1];
      // A cluster goes after the listener that named it: what stays behind for a moment says nothing new.
      const isNews = generations.get(service) !== generation;
      generations.set(service, generation);
      if (isNews && typeof generation === 'number')
        hold(served, [name], () => knowledge.is(name, generation), `${name} is ${generation}`);
      if (reachable.has(service) && !had.has(service)) {
        had.add(service);
        const both = (): boolean => knowledge.exists(name) && knowledge.exists(grant);
        hold(served, [name, grant], both, `${name} is reachable`);
      } else if (!reachable.has(service) && had.delete(service)) {
        const law = (): boolean => knowledge.lacksOneOf([name, grant]);
        hold(served, [name, grant], law, `${name} is not reachable any more`);
      }
    }
    if (client.holdings.listener.has('inbound')) hadInbound = true;
    else if (hadInbound)
      journal.violated('a proxy never loses its own listener', `proxy-${at} of ${server}`);
  };
}

function show(response: DeltaDiscoveryResponse): string {
  const type = response.typeUrl.split('.').at(-1) ?? '';
  const puts = response.resources.map(({ version }) => `[${version}]`);
  const removed = response.removedResources.map((name) => `-${name}`);
  return `gets ${type} ${[...puts, ...removed].join(' ')}`;
}
