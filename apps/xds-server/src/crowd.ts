import type { Peer } from '@osm/rpc';

/** Counts the streams of each peer, by its certificate, so that none takes more than its share. */
export interface Crowd {
  /** False: this peer has as many as it may. Whoever got in must leave. */
  readonly enter: (peer: Peer) => boolean;
  readonly leave: (peer: Peer) => void;
}

export function createCrowd(streamsMax: number): Crowd {
  const streams = new Map<string, number>();
  return {
    enter: (peer) => {
      const name = nameOf(peer);
      const count = streams.get(name) ?? 0;
      if (count >= streamsMax) return false;
      streams.set(name, count + 1);
      return true;
    },
    leave: (peer) => {
      const name = nameOf(peer);
      const count = (streams.get(name) ?? 1) - 1;
      if (count === 0) streams.delete(name);
      else streams.set(name, count);
    },
  };
}

function nameOf({ uris, dnsNames }: Peer): string {
  return [...uris, ...dnsNames].join(' ');
}
