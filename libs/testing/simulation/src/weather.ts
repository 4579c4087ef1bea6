import type { Chance } from './random.ts';

/** What the network does by itself, as probabilities per message unless it says otherwise. */
export interface Weather {
  readonly latencyMs: readonly [from: number, to: number];
  /** An answer that takes this long beyond its latency, and how often. */
  readonly slowMs: readonly [from: number, to: number];
  readonly slow: number;
  /** A request that does not reach the server; its sender is not told. */
  readonly requestLost: number;
  /** An answer that does not come back, although the request was executed. */
  readonly replyLost: number;
  /** Of what the server repeats to those who listen. */
  readonly liveLost: number;
  readonly liveTwice: number;
  readonly liveSwapped: number;
  /** Answers and repeated messages come by different ways (a cluster): their order means nothing. */
  readonly twoWays: boolean;
  /** Several messages arrive as one piece: they are handed on before anything else gets its turn. */
  readonly pieces: number;
  /** Messages of a bulk read per turn of the server: others may write in between. */
  readonly pageMax: number;
  /** Several servers keep each stream, and any of them answers bulk reads. */
  readonly replicated: boolean;
  /** A bulk read that is answered by a server which lags behind. */
  readonly staleRead: number;
}

/** No trouble at all. */
export const fair: Weather = {
  latencyMs: [0.1, 1],
  slowMs: [0, 0],
  slow: 0,
  requestLost: 0,
  replyLost: 0,
  liveLost: 0,
  liveTwice: 0,
  liveSwapped: 0,
  twoWays: false,
  pieces: 0,
  pageMax: 1_000,
  replicated: false,
  staleRead: 0,
};

/** A weather of its own for each schedule: some kinds of trouble, each with its rate; others not at all. */
export function drawWeather(chance: Chance): Weather {
  const rate = (share: number, most: number): number =>
    chance.happens(share) ? chance.between(most / 10, most) : 0;
  const replicated = chance.happens(0.3);
  const latencyMost = chance.pick([1, 3, 20]);
  return {
    latencyMs: [latencyMost / 10, latencyMost],
    slowMs: [5, chance.pick([50, 700])],
    slow: rate(0.4, 0.1),
    requestLost: rate(0.25, 0.03),
    replyLost: rate(0.35, 0.06),
    liveLost: rate(0.35, 0.05),
    liveTwice: rate(0.25, 0.05),
    liveSwapped: rate(0.25, 0.05),
    twoWays: replicated || chance.happens(0.2),
    pieces: rate(0.4, 0.5),
    pageMax: chance.pick([1, 2, 4, 1_000]),
    replicated,
    staleRead: replicated ? rate(0.5, 0.3) : 0,
  };
}
