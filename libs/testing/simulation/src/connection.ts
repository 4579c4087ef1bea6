import type { Entry, Link, RawAnswer, RawHandler } from '@osm/bus/testing';
import { MeshError } from '@osm/prelude';
import type { Network, Peer } from './network.ts';
import type { Boundary, Life } from './process.ts';
import type { Owner } from './scheduler.ts';

/** The end of a connection that a process holds. */
export interface Connection {
  readonly link: Link;
  readonly cut: (awayMs: number, deafMs: number) => void;
  /** The process is gone; what it sent may still arrive. */
  readonly die: () => void;
  /** The server knows. */
  readonly leave: () => void;
}

interface ConnectionOptions {
  readonly network: Network;
  readonly life: Life;
  readonly owner: Owner;
  readonly trip: (boundary: Boundary, what: string) => boolean;
}

const putTimeoutMs = 500;
const apiTimeoutMs = 500;
const readTimeoutMs = 2_000;
/** The buckets whose changes a service is told of: its own. */
const ownBuckets: Readonly<Record<string, readonly string[]>> = {
  'catalog-watcher': ['catalog', 'leases'],
  'policy-compiler': ['compiled', 'workloads', 'diagnostics', 'leases'],
  'certificate-manager': ['trust', 'leases'],
  'xds-server': ['proxy-status'],
};

type Way = 'live' | 'answers';

/** What happens at the server for a question; `answer` may be called later, or never. */
type Execution<T> = (answer: (result: () => T) => void) => void;

/** Creates a connection that opens by itself. */
export function createConnection(options: ConnectionOptions): Connection {
  const { network, life, owner } = options;
  const { scheduler, journal, chance, nats } = network;
  const listeners = new Map<string, Set<(entry: Entry) => void>>();
  const changeListeners = new Map<string, Set<() => void>>();
  const connectedListeners = new Set<(connected: boolean) => void>();
  const pending = new Set<(error: MeshError) => void>();
  let connected = false;
  let sentUntilMs = 0;
  /** From this session on what was sent is lost. */
  let lostSession = -1;
  const arrives: Record<Way, { untilMs: number; piece: (() => void)[] | undefined }> = {
    live: { untilMs: 0, piece: undefined },
    answers: { untilMs: 0, piece: undefined },
  };

  const latency = (): number => chance.between(...network.weather.latencyMs);

  /** In order. What is under way when the connection is cut arrives or not, but nothing after what did not. */
  const toServer = (run: () => void): void => {
    const { session } = peer;
    sentUntilMs = Math.max(sentUntilMs, scheduler.now() + latency());
    const deaf = peer.deaf;
    scheduler.after(sentUntilMs - scheduler.now(), () => {
      const gone = peer.session !== session || deaf || !network.up();
      if (gone && (deaf || !network.up() || lostSession >= session || chance.happens(0.5))) {
        lostSession = Math.max(lostSession, session);
        journal.count('message lost with its connection');
        return;
      }
      run();
    });
  };

  const toProcess = (way: Way, extraMs: number, run: () => void): void => {
    const { session } = peer;
    const channel = arrives[network.weather.twoWays ? way : 'live'];
    const deliver = (): void => {
      if (peer.session === session && peer.connected && !peer.deaf) run();
    };
    if (channel.piece !== undefined && extraMs === 0 && chance.happens(network.weather.pieces)) {
      journal.count('several messages in one piece');
      channel.piece.push(deliver);
      return;
    }
    const piece = [deliver];
    channel.piece = piece;
    channel.untilMs = Math.max(channel.untilMs, scheduler.now() + latency() + extraMs);
    scheduler.after(
      channel.untilMs - scheduler.now(),
      () => {
        if (channel.piece === piece) channel.piece = undefined;
        for (const each of piece) if (owner.alive) each();
      },
      owner,
    );
  };

  const slowness = (): number => {
    const { slow, slowMs } = network.weather;
    if (!chance.happens(slow)) return 0;
    journal.count('slow answer');
    return chance.between(...slowMs);
  };

  const ask = <T>(what: string, timeoutMs: number, execute: Execution<T>): Promise<T> => {
    if (!connected) return Promise.reject(new MeshError('bus_unavailable', 'not connected'));
    if (options.trip('before', what)) return new Promise(() => undefined);
    return new Promise((resolve, reject) => {
      const settle = (then: () => void): void => {
        if (!pending.delete(fail)) return;
        cancel();
        if (!options.trip('answered', what)) then();
      };
      const fail = (error: MeshError): void => settle(() => reject(error));
      const cancel = scheduler.after(
        timeoutMs,
        () => {
          journal.note(life.process, () => `gives up waiting: ${what}`);
          journal.count('answer too late');
          fail(new MeshError('bus_timeout', `no answer: ${what}`));
        },
        owner,
      );
      pending.add(fail);
      const answer = (result: () => T): void => {
        if (options.trip('executed', what)) return;
        if (chance.happens(network.weather.replyLost)) {
          journal.note('nats', () => `loses the answer to ${life.process}: ${what}`);
          journal.count('answer lost');
          return;
        }
        toProcess('answers', slowness(), () =>
          settle(() => {
            try {
              resolve(result());
            } catch (thrown) {
              reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
            }
          }),
        );
      };
      toServer(() => {
        if (chance.happens(network.weather.requestLost)) return journal.count('request lost');
        execute(answer);
      });
    });
  };

  const onStream =
    <T>(bucket: string, execute: Execution<T>): Execution<T> =>
    (answer) => {
      if (!network.leaderless(bucket)) return execute(answer);
      journal.count('question to a stream without leader');
      // Some servers say so, others say nothing.
      if (chance.happens(0.5))
        answer(() => {
          throw new MeshError('bus_unavailable', `stream ${bucket} has no leader`);
        });
    };

  const live = (bucket: string, entry: Entry): void => {
    const set = listeners.get(bucket);
    if (set === undefined || set.size === 0) return;
    const { liveLost, liveTwice, liveSwapped } = network.weather;
    const hand = (): void => {
      for (const listener of set) listener(entry);
    };
    if (chance.happens(liveLost)) return journal.count('repeated message lost');
    if (chance.happens(liveTwice)) {
      journal.count('repeated message twice');
      toProcess('live', 0, hand);
    }
    if (chance.happens(liveSwapped)) {
      journal.count('repeated messages swapped');
      const { session } = peer;
      scheduler.after(chance.between(0, 5), () => {
        if (peer.session === session) toProcess('live', 0, hand);
      });
      return;
    }
    toProcess('live', 0, hand);
  };

  const setConnected = (now: boolean): void => {
    if (connected === now || !owner.alive) return;
    connected = now;
    journal.note(life.process, () => (now ? 'is connected' : 'has lost its connection'));
    if (!now)
      for (const fail of [...pending]) fail(new MeshError('bus_unavailable', 'connection lost'));
    for (const listener of connectedListeners) listener(now);
  };

  const peer: Peer = {
    name: life.instance,
    service: life.service,
    connected: false,
    session: 0,
    deaf: false,
    responders: new Map<string, RawHandler>(),
    onStored: live,
    onChanged: (bucket) => {
      if (ownBuckets[life.service]?.includes(bucket) !== true) return;
      toProcess('live', 0, () => {
        for (const listener of changeListeners.get(bucket) ?? []) listener();
      });
    },
    onConnected: (now) => {
      scheduler.after(0, () => setConnected(now), owner);
    },
  };

  const read = (bucket: string, fromSeq: number): Promise<readonly Entry[]> =>
    ask(`read ${bucket} from ${fromSeq}`, readTimeoutMs, (answer) => {
      const stale = chance.happens(network.weather.staleRead);
      const lag = stale ? 1 + chance.below(4) : 0;
      if (stale) journal.count('bulk read from a replica that lags');
      const entries: Entry[] = [];
      const turn = (from: number): void => {
        const page = nats.page(bucket, { fromSeq: from, max: network.weather.pageMax, lag });
        entries.push(...page.entries);
        const last = page.entries.at(-1);
        if (!page.more || last === undefined) return answer(() => entries);
        journal.count('bulk read in several turns');
        scheduler.after(chance.between(0.02, 0.5), () => turn(last.seq + 1));
      };
      turn(fromSeq);
    });

  const link: Link = {
    connected: () => connected,
    onConnected: (listener) => subscribe(connectedListeners, listener),
    listen: (bucket, listener) => subscribe(setOf(listeners, bucket), listener),
    onBucketChange: (bucket, listener) => subscribe(setOf(changeListeners, bucket), listener),
    state: (bucket) =>
      ask(
        `state ${bucket}`,
        apiTimeoutMs,
        onStream(bucket, (answer) => {
          const state = nats.state(bucket);
          answer(() => state);
        }),
      ),
    read,
    create: (bucket) =>
      ask(
        `create ${bucket}`,
        apiTimeoutMs,
        onStream(bucket, (answer) => {
          nats.create(bucket);
          answer(() => undefined);
        }),
      ),
    put: (request) => {
      const { bucket, key, bytes, expect } = request;
      const text = `${bytes === undefined ? 'delete' : 'put'} ${bucket}/${key} ${expect.kind}=${expect.kind === 'none' ? '' : expect.seq}`;
      return ask(
        text,
        putTimeoutMs,
        onStream(bucket, (answer) => {
          try {
            const seq = nats.put(request);
            journal.note(life.process, () => `${text} is stored as ${seq}`);
            answer(() => seq);
          } catch (thrown) {
            const error = MeshError.from(thrown);
            journal.note(life.process, () => `${text} is refused: ${error.message}`);
            if (error.code === 'bus_refused')
              journal.count('write refused: not the expected sequence');
            answer(() => {
              throw error;
            });
          }
        }),
      );
    },
    request: (subject, bytes, timeoutMs) =>
      ask(`request ${subject}`, timeoutMs, (answer) => {
        // Everybody asks on a subject of its own, `<subject>.<asker>`.
        const dot = subject.lastIndexOf('.');
        const [asked, asker] = [subject.slice(0, dot), subject.slice(dot + 1)];
        const group = [...network.peers].filter(
          (each) => each.connected && each.responders.has(asked),
        );
        const chosen = chance.maybePick(group);
        const handler = chosen?.responders.get(asked);
        if (chosen === undefined || handler === undefined) {
          journal.count('request without responder');
          return answer(() => {
            throw new MeshError('bus_unavailable', `nobody answers ${subject}`);
          });
        }
        void handler(bytes, asker).then((result) => answer(() => resultOf(subject, result)));
      }),
    respond: (subject, handler) => {
      peer.responders.set(
        subject,
        (bytes, asker) =>
          new Promise((resolve) =>
            toProcess('live', 0, () => {
              void handler(bytes, asker).then((result) => {
                if (owner.alive) toServer(() => resolve(result));
              });
            }),
          ),
      );
      return () => peer.responders.delete(subject);
    },
    close: () => {
      setConnected(false);
      network.leave(peer);
      return Promise.resolve();
    },
  };
  network.join(peer);
  return {
    link,
    cut: (awayMs, deafMs) => {
      if (!peer.connected || peer.deaf) return;
      journal.count(deafMs > 0 ? 'connection dead and nobody notices' : 'connection cut');
      journal.note(
        life.process,
        () => `connection cut for ${awayMs.toFixed(0)} ms, deaf ${deafMs.toFixed(0)} ms`,
      );
      if (deafMs === 0) return network.cut(peer, awayMs);
      peer.deaf = true;
      const { session } = peer;
      scheduler.after(deafMs, () => {
        if (peer.session === session) network.cut(peer, awayMs);
      });
    },
    die: () => {
      connected = false;
      pending.clear();
    },
    leave: () => network.leave(peer),
  };
}

function resultOf(subject: string, answer: RawAnswer): Uint8Array {
  if (answer.kind === 'answer') return answer.bytes;
  const code = answer.kind === 'busy' ? 'bus_unavailable' : 'bus_refused';
  throw new MeshError(code, `${subject}: ${answer.kind}`);
}

function setOf<T>(map: Map<string, Set<T>>, key: string): Set<T> {
  const found = map.get(key) ?? new Set<T>();
  map.set(key, found);
  return found;
}

function subscribe<T>(set: Set<T>, listener: T): () => void {
  set.add(listener);
  return () => set.delete(listener);
}
