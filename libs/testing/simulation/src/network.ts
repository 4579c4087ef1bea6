import type { Entry, RawHandler } from '@osm/bus/testing';
import type { Journal } from './journal.ts';
import { createNats, type Nats } from './nats.ts';
import type { Chance } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import { fair, type Weather } from './weather.ts';

/** What the server keeps of one connection. */
export interface Peer {
  readonly name: string;
  /** The service it belongs to. */
  readonly service: string;
  connected: boolean;
  /** Counts connections: what was sent on one does not arrive on the next. */
  session: number;
  /** Nothing gets through any more, and neither side has noticed. */
  deaf: boolean;
  /** Tells the process, in its own time, of a message stored, or of a bucket that changed. */
  readonly onStored: (bucket: string, entry: Entry) => void;
  readonly onChanged: (bucket: string) => void;
  readonly onConnected: (connected: boolean) => void;
  readonly responders: Map<string, RawHandler>;
}

/** The server and all that is connected to it. */
export interface Network {
  readonly nats: Nats;
  readonly chance: Chance;
  readonly scheduler: Scheduler;
  readonly journal: Journal;
  weather: Weather;
  /** Buckets have lost something, or were written by others. */
  damaged: boolean;
  leasesLost: boolean;
  /** Buckets in an older state that their owner has not put right yet. */
  readonly rolledBack: Set<string>;
  /** Nothing has gone wrong so far: owners write in the order of the calls. */
  calm: boolean;
  /** False while the server is away: nobody connects, nothing is answered. */
  readonly up: () => boolean;
  /** The stream of a bucket has no leader: it answers nothing until it has one again. */
  readonly leaderless: (bucket: string) => boolean;
  readonly peers: Set<Peer>;
  readonly join: (peer: Peer) => void;
  readonly leave: (peer: Peer) => void;
  /** Cuts one connection; it comes back after `awayMs`, if the server is up then. */
  readonly cut: (peer: Peer, awayMs: number) => void;
  /** Takes the server away, does something to its disk, and lets it start again. */
  readonly restart: (awayMs: number, meanwhile: () => void) => void;
  readonly loseLeader: (bucket: string, awayMs: number) => void;
  /** Called for every message stored. */
  onStored: (bucket: string, entry: Entry) => void;
  /** Ends all trouble that is under way. */
  readonly heal: () => void;
}

interface NetworkOptions {
  readonly chance: Chance;
  readonly scheduler: Scheduler;
  readonly journal: Journal;
  readonly weather: Weather;
}

/** Creates a server that is up, with nobody connected. */
export function createNetwork({ chance, scheduler, journal, weather }: NetworkOptions): Network {
  const peers = new Set<Peer>();
  const leaderless = new Map<string, number>();
  let upAtMs = 0;
  let isUp = true;

  const connect = (peer: Peer, now: boolean): void => {
    if (peer.connected === now || (now && !peers.has(peer))) return;
    peer.connected = now;
    peer.session += 1;
    peer.deaf = false;
    peer.onConnected(now);
  };
  const reconnectLater = (peer: Peer, afterMs: number): void => {
    const { session } = peer;
    scheduler.after(afterMs, () => {
      if (peer.session !== session || peer.connected) return;
      if (isUp) connect(peer, true);
      else reconnectLater(peer, chance.between(20, 200));
    });
  };
  const nats = createNats({
    now: scheduler.now,
    replicated: () => weather.replicated,
    onStored: (bucket, entry) => {
      network.onStored(bucket, entry);
      for (const peer of peers) if (peer.connected && !peer.deaf) peer.onStored(bucket, entry);
    },
    onChanged: (bucket) => {
      for (const peer of peers) if (peer.connected && !peer.deaf) peer.onChanged(bucket);
    },
  });

  const network: Network = {
    nats,
    chance,
    scheduler,
    journal,
    weather,
    damaged: false,
    leasesLost: false,
    rolledBack: new Set(),
    calm: weather === fair,
    up: () => isUp,
    leaderless: (bucket) => (leaderless.get(bucket) ?? 0) > scheduler.now(),
    peers,
    join: (peer) => {
      peers.add(peer);
      reconnectLater(peer, chance.between(1, 10));
    },
    leave: (peer) => {
      connect(peer, false);
      peers.delete(peer);
    },
    cut: (peer, awayMs) => {
      if (!peer.connected) return;
      connect(peer, false);
      reconnectLater(peer, awayMs);
    },
    restart: (awayMs, meanwhile) => {
      isUp = false;
      for (const peer of peers) connect(peer, false);
      meanwhile();
      upAtMs = scheduler.now() + awayMs;
      scheduler.after(awayMs, () => {
        if (isUp || scheduler.now() < upAtMs) return;
        isUp = true;
        journal.note('nats', () => 'is up');
        for (const peer of peers) reconnectLater(peer, chance.between(1, 150));
      });
    },
    loseLeader: (bucket, awayMs) => leaderless.set(bucket, scheduler.now() + awayMs),
    onStored: () => undefined,
    heal: () => {
      leaderless.clear();
      isUp = true;
      for (const peer of peers) if (!peer.connected) reconnectLater(peer, chance.between(1, 150));
    },
  };
  return network;
}
