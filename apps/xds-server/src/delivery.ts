import { formatIdentity, type Identity } from '@osm/model';
import type { ProxyAssignment } from '@osm/proto-mesh';
import type { BidiStream } from '@osm/rpc';
import type { Logger } from '@osm/telemetry';
import type { Dialect } from './dialect.ts';
import type { Admitted, Guest } from './door.ts';
import type { IdentitySecrets } from './identity-secrets.ts';
import type { MeshView } from './mesh-view.ts';
import type { XdsMetrics } from './metrics.ts';
import { createObserver } from './observer.ts';
import { createRoster, type Client } from './roster.ts';
import { createStreamSession } from './stream-session.ts';
import { createWriteBudget } from './write-budget.ts';

/** All admitted streams of this server, and which of them a change concerns. */
export interface Delivery {
  readonly welcome: <Request>(
    stream: BidiStream<Request>,
    dialect: Dialect<Request>,
    admitted: Admitted,
  ) => Guest<Request>;
  readonly bundlesChanged: (keys: readonly string[]) => void;
  readonly assignmentsChanged: (uuids: readonly string[]) => void;
  readonly secretsChanged: (identities: readonly Identity[]) => void;
  /** Ends every stream, so that its proxy goes to another server. */
  readonly closeAll: (message: string) => void;
}

interface DeliveryOptions {
  readonly view: MeshView;
  readonly secrets: Pick<IdentitySecrets, 'attach' | 'detach' | 'node'>;
  readonly log: Logger;
  readonly metrics: XdsMetrics;
}

/** Of all streams together; see WriteBudget. */
const queuedBytesMax = 48 * 1024 * 1024;

export function createDelivery(options: DeliveryOptions): Delivery {
  const { view, secrets, metrics } = options;
  const budget = createWriteBudget(queuedBytesMax);
  const observer = createObserver(options);
  const roster = createRoster();

  const retarget = (client: Client): void =>
    client.session.retarget({
      config: view.closure(client.bundle),
      secrets: secrets.node(client.identity),
    });

  const reassign = (client: Client, assignment: ProxyAssignment): void => {
    const { namespace, serviceAccount, bundle } = assignment;
    if (formatIdentity({ namespace, serviceAccount }) !== formatIdentity(client.identity)) {
      const message = `the pod of this proxy runs as ${namespace}/${serviceAccount} now`;
      client.session.end({ code: 'permission-denied', message });
    } else if (bundle !== client.bundle) {
      roster.move(client, bundle);
      retarget(client);
    }
  };

  const leave = (client: Client): void => {
    roster.remove(client);
    secrets.detach(client.identity);
    metrics.connected.dec();
    client.session.release();
  };

  return {
    welcome: (stream, dialect, { uuid, identity, assignment }) => {
      const proxy = { uuid, pod: `${assignment.namespace}/${assignment.pod}` };
      const session = createStreamSession({
        stream,
        protocol: dialect.protocol,
        budget,
        observe: (output) => observer.output(proxy, output),
      });
      const client: Client = { uuid, identity, session, bundle: assignment.bundle };
      roster.add(client);
      secrets.attach(identity);
      metrics.connected.inc();
      retarget(client);
      return {
        onRequest: (request) => session.apply(dialect.input(request)),
        onFlushed: session.onFlushed,
        onClose: () => leave(client),
      };
    },
    bundlesChanged: (keys) =>
      observer.change(() => {
        for (const key of keys) for (const client of roster.ofBundle(key)) retarget(client);
      }),
    assignmentsChanged: (uuids) =>
      observer.change(() => {
        for (const uuid of uuids) {
          const assignment = view.assignment(uuid);
          // A pod that is gone keeps its configuration until its proxy ends: it still drains.
          if (assignment === undefined) continue;
          for (const client of roster.ofUuid(uuid)) reassign(client, assignment);
        }
      }),
    secretsChanged: (identities) =>
      observer.change(() => {
        for (const identity of identities)
          for (const client of roster.ofIdentity(identity)) retarget(client);
      }),
    closeAll: (message) => {
      for (const client of roster.all()) client.session.end({ code: 'unavailable', message });
    },
  };
}
