import type { Identity } from '@osm/model';
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
    if (!runsAs(assignment, client.identity)) {
      const message = 'the pod of this proxy runs as another service account now';
      client.session.end({ code: 'permission-denied', message });
    } else if (assignment.bundle !== client.bundle) {
      roster.move(client, assignment.bundle);
      retarget(client);
    }
  };

  const leave = (client: Client): void => {
    roster.remove(client);
    secrets.detach(client.identity);
    metrics.connected.dec();
    client.session.release();
  };

  const retargetAll = (groups: Iterable<Iterable<Client>>): void =>
    observer.change(() => {
      for (const group of groups) for (const client of group) retarget(client);
    });

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
    bundlesChanged: (keys) => retargetAll(keys.map(roster.ofBundle)),
    assignmentsChanged: (uuids) =>
      observer.change(() => {
        for (const uuid of uuids) {
          const assignment = view.assignment(uuid);
          // A pod that is gone keeps its configuration until its proxy ends: it still drains.
          if (assignment === undefined) continue;
          for (const client of roster.ofUuid(uuid)) reassign(client, assignment);
        }
      }),
    secretsChanged: (identities) => retargetAll(identities.map(roster.ofIdentity)),
    closeAll: (message) => {
      for (const client of roster.all()) client.session.end({ code: 'unavailable', message });
    },
  };
}

function runsAs(assignment: ProxyAssignment, identity: Identity): boolean {
  const { namespace, serviceAccount } = assignment;
  return namespace === identity.namespace && serviceAccount === identity.serviceAccount;
}
