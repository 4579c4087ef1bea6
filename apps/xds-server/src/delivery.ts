import type { Identity } from '@osm/model';
import type { Clock } from '@osm/prelude';
import type { ProxyAssignment } from '@osm/proto-mesh';
import type { BidiStream } from '@osm/rpc';
import type { Logger } from '@osm/telemetry';
import type { StreamOutput } from '@osm/xds';
import type { Dialect } from './dialect.ts';
import type { Admitted, Guest } from './door.ts';
import type { IdentitySecrets } from './identity-secrets.ts';
import type { MeshView } from './mesh-view.ts';
import type { XdsMetrics } from './metrics.ts';
import { createObserver } from './observer.ts';
import { createRoster, type Client } from './roster.ts';
import { createMembership } from './membership.ts';
import { noteStatus } from './proxy-status.ts';
import type { StatusReporter } from './status-reporter.ts';
import { createStreamSession, type StreamSession } from './stream-session.ts';
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
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: XdsMetrics;
  readonly status: Pick<StatusReporter, 'changed'>;
  /** Of this server, for the status of its proxies. */
  readonly instance: string;
}

/** Of all streams together: enough to keep a network busy, little enough that a cold start of thousands stays small. */
const queuedBytesMax = 4 * 1024 * 1024;
const stalledMs = 500;

export function createDelivery(options: DeliveryOptions): Delivery {
  const { view, secrets, clock } = options;
  const budget = createWriteBudget({ bytesMax: queuedBytesMax, stalledMs, clock });
  const observer = createObserver(options);
  const roster = createRoster();
  const { join, leave, report } = createMembership(roster, options);

  const retarget = (client: Client): void =>
    client.session.retarget({
      config: view.closure(client.bundle),
      secrets: secrets.node(client.identity),
    });
  const retargetAll = (groups: Iterable<Iterable<Client>>): void =>
    observer.change(() => {
      for (const group of groups) for (const client of group) retarget(client);
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

  return {
    welcome: (stream, dialect, admitted) => {
      const observe = (output: StreamOutput): void => {
        observer.output(client, output);
        if (noteStatus(client, output)) report(client);
      };
      const { protocol } = dialect;
      const session = createStreamSession({ stream, protocol, budget, clock, observe });
      const client = createClient(admitted, session, clock.now());
      join(client);
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

function createClient(
  { uuid, identity, assignment }: Admitted,
  session: StreamSession,
  nowMs: number,
): Client {
  return {
    uuid,
    identity,
    pod: `${assignment.namespace}/${assignment.pod}`,
    connectedAtMs: nowMs,
    session,
    bundle: assignment.bundle,
    ackedTrustBundle: '',
  };
}

function runsAs(assignment: ProxyAssignment, identity: Identity): boolean {
  const { namespace, serviceAccount } = assignment;
  return namespace === identity.namespace && serviceAccount === identity.serviceAccount;
}
