import { sortedBy } from '@osm/prelude';

/** One port of a service address and where it leads. */
export interface ServiceRule {
  readonly address: string;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  readonly endpoints: readonly { readonly ip: string; readonly port: number }[];
}

/**
 * Rules for `iptables-restore` in the node's namespace that do what kube-proxy does: a connection to a service address goes to one
 * of its endpoints at random. What has no endpoints, no service on that port, or no pod, is refused at once: all that would leave
 * towards the host but is not for it. (The kernel's own "no route" would come late, it is rate-limited.) Same services, same text.
 */
export function serviceRules(rules: readonly ServiceRule[], hostAddress: string): string {
  const sorted = sortedBy(rules, (rule) => `${rule.address} ${rule.protocol} ${rule.port}`);
  const dnat = sorted.flatMap((rule) => {
    const endpoints = sortedBy(rule.endpoints, (endpoint) => `${endpoint.ip}:${endpoint.port}`);
    return endpoints.map((endpoint, i) => {
      const left = endpoints.length - i;
      const chance =
        left > 1 ? ` -m statistic --mode random --probability ${(1 / left).toFixed(8)}` : '';
      return `-A PREROUTING ${destination(rule)}${chance} -j DNAT --to-destination ${endpoint.ip}:${endpoint.port}`;
    });
  });
  const ips = [
    ...new Set(sorted.flatMap((rule) => rule.endpoints.map((endpoint) => endpoint.ip))),
  ].sort();
  // A pod that reaches itself through a service must not see its own address as source: the kernel drops that.
  const hairpin = ips.map((ip) => `-A POSTROUTING -s ${ip}/32 -d ${ip}/32 -j MASQUERADE`);
  return [
    '*nat',
    ':PREROUTING ACCEPT [0:0]',
    ':INPUT ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ':POSTROUTING ACCEPT [0:0]',
    ...dnat,
    ...hairpin,
    'COMMIT',
    '*filter',
    ':INPUT ACCEPT [0:0]',
    ':FORWARD ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    `-A FORWARD -o uplink ! -d ${hostAddress}/32 -j REJECT`,
    'COMMIT',
    '',
  ].join('\n');
}

function destination(rule: ServiceRule): string {
  return `-d ${rule.address}/32 -p ${rule.protocol} --dport ${rule.port}`;
}
