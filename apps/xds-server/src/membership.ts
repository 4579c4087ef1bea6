import type { IdentitySecrets } from './identity-secrets.ts';
import type { XdsMetrics } from './metrics.ts';
import { describeProxy, joinStatus } from './proxy-status.ts';
import type { Client, Roster } from './roster.ts';
import type { StatusReporter } from './status-reporter.ts';

/** What follows when an admitted stream comes, goes, or has something to tell. */
export interface Membership {
  readonly join: (client: Client) => void;
  readonly leave: (client: Client) => void;
  /** The status of its proxy is another one. */
  readonly report: (client: Client) => void;
}

interface MembershipOptions {
  readonly secrets: Pick<IdentitySecrets, 'attach' | 'detach'>;
  readonly metrics: XdsMetrics;
  readonly status: Pick<StatusReporter, 'changed'>;
  readonly instance: string;
}

export function createMembership(roster: Roster, options: MembershipOptions): Membership {
  const { secrets, metrics, status, instance } = options;
  const report = ({ uuid }: Client): void =>
    status.changed(uuid, () => {
      const clients = [...roster.ofUuid(uuid)];
      const [first, ...others] = clients.reverse().map((client) => describeProxy(client, instance));
      return first && others.reduce(joinStatus, first);
    });
  return {
    join: (client) => {
      roster.add(client);
      secrets.attach(client.identity);
      metrics.connected.inc();
      report(client);
    },
    leave: (client) => {
      roster.remove(client);
      secrets.detach(client.identity);
      metrics.connected.dec();
      client.session.release();
      report(client);
    },
    report,
  };
}
