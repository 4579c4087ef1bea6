import { formatIdentity, type Identity, type IdentityText } from '@osm/model';
import { createGroups } from './groups.ts';
import type { StreamSession } from './stream-session.ts';

/** An admitted stream: whose it is, and the bundle it follows. */
export interface Client {
  readonly uuid: string;
  readonly identity: Identity;
  /** `<namespace>/<name>` */
  readonly pod: string;
  readonly connectedAtMs: number;
  readonly session: StreamSession;
  /** Changed by `move` only. */
  bundle: string;
  /** Id of the trust bundle that the proxy has acknowledged last. */
  ackedTrustBundle: string;
}

/** The admitted streams, by all that a change can be about. A proxy that reconnects may have two for a moment. */
export interface Roster {
  readonly add: (client: Client) => void;
  readonly remove: (client: Client) => void;
  readonly move: (client: Client, bundle: string) => void;
  readonly ofUuid: (uuid: string) => Iterable<Client>;
  readonly ofBundle: (bundle: string) => Iterable<Client>;
  readonly ofIdentity: (identity: Identity) => Iterable<Client>;
  readonly all: () => Iterable<Client>;
}

export function createRoster(): Roster {
  const byUuid = createGroups<string, Client>();
  const byBundle = createGroups<string, Client>();
  const byIdentity = createGroups<IdentityText, Client>();
  return {
    add: (client) => {
      byUuid.add(client.uuid, client);
      byBundle.add(client.bundle, client);
      byIdentity.add(formatIdentity(client.identity), client);
    },
    remove: (client) => {
      byUuid.remove(client.uuid, client);
      byBundle.remove(client.bundle, client);
      byIdentity.remove(formatIdentity(client.identity), client);
    },
    move: (client, bundle) => {
      byBundle.remove(client.bundle, client);
      client.bundle = bundle;
      byBundle.add(bundle, client);
    },
    ofUuid: byUuid.of,
    ofBundle: byBundle.of,
    ofIdentity: (identity) => byIdentity.of(formatIdentity(identity)),
    all: byUuid.all,
  };
}
