import { describe, expect, it } from 'vitest';
import { emitInitScript } from './init-rules.ts';
import type { PodInterception } from './interception.ts';

const nothing: PodInterception = {
  outboundPortExclusionList: [],
  inboundPortExclusionList: [],
  outboundIpRangeExclusionList: [],
  outboundIpRangeInclusionList: [],
  networkInterfaceExclusionList: [],
};

function rules(
  parts: Partial<PodInterception>,
  localProxyMode: 'Localhost' | 'PodIP' = 'Localhost',
) {
  return emitInitScript({
    interception: { ...nothing, ...parts },
    localProxyMode,
    grpcProbePorts: [],
  }).split('\n');
}

describe('emitInitScript', () => {
  it('redirects all but the sidecar and loopback', () => {
    expect(
      emitInitScript({
        interception: nothing,
        localProxyMode: 'Localhost',
        grpcProbePorts: [15910],
      }),
    ).toBe(`iptables-restore --noflush <<EOF
*nat
:OSM_PROXY_INBOUND - [0:0]
:OSM_PROXY_IN_REDIRECT - [0:0]
:OSM_PROXY_OUTBOUND - [0:0]
:OSM_PROXY_OUT_REDIRECT - [0:0]
-A OSM_PROXY_IN_REDIRECT -p tcp -j REDIRECT --to-port 15003
-A PREROUTING -p tcp -j OSM_PROXY_INBOUND
-A OSM_PROXY_INBOUND -p tcp --dport 15010 -j RETURN
-A OSM_PROXY_INBOUND -p tcp --dport 15901 -j RETURN
-A OSM_PROXY_INBOUND -p tcp --dport 15902 -j RETURN
-A OSM_PROXY_INBOUND -p tcp --dport 15903 -j RETURN
-A OSM_PROXY_INBOUND -p tcp --dport 15904 -j RETURN
-A OSM_PROXY_INBOUND -p tcp --dport 15905 -j RETURN
-A OSM_PROXY_INBOUND -p tcp --dport 15910 -j RETURN
-A OSM_PROXY_INBOUND -p tcp -j OSM_PROXY_IN_REDIRECT
-A OSM_PROXY_OUT_REDIRECT -p tcp -j REDIRECT --to-port 15001
-A OUTPUT -p tcp -j OSM_PROXY_OUTBOUND
-A OSM_PROXY_OUTBOUND -o lo ! -d 127.0.0.1/32 -m owner --uid-owner 1500 -j OSM_PROXY_IN_REDIRECT
-A OSM_PROXY_OUTBOUND -o lo -m owner ! --uid-owner 1500 -j RETURN
-A OSM_PROXY_OUTBOUND -m owner --uid-owner 1500 -j RETURN
-A OSM_PROXY_OUTBOUND -d 127.0.0.1/32 -j RETURN
-A OSM_PROXY_OUTBOUND -j OSM_PROXY_OUT_REDIRECT
COMMIT
EOF
`);
  });

  it('lets exclusions win over the redirect', () => {
    const all = rules({
      outboundPortExclusionList: [3306, 6379],
      inboundPortExclusionList: [22],
      outboundIpRangeExclusionList: ['10.0.0.0/8', '1.1.1.1/32'],
      networkInterfaceExclusionList: ['net1'],
    });
    const added = all.filter((rule) => !rules({}).includes(rule));
    expect(added).toEqual([
      '-I OSM_PROXY_INBOUND -i net1 -j RETURN',
      '-I OSM_PROXY_INBOUND -p tcp --match multiport --dports 22 -j RETURN',
      '-A OSM_PROXY_OUTBOUND -o net1 -j RETURN',
      '-A OSM_PROXY_OUTBOUND -d 10.0.0.0/8 -j RETURN',
      '-A OSM_PROXY_OUTBOUND -d 1.1.1.1/32 -j RETURN',
      '-A OSM_PROXY_OUTBOUND -p tcp --match multiport --dports 3306,6379 -j RETURN',
    ]);
    expect(all.indexOf('-A OSM_PROXY_OUTBOUND -d 10.0.0.0/8 -j RETURN')).toBeLessThan(
      all.indexOf('-A OSM_PROXY_OUTBOUND -j OSM_PROXY_OUT_REDIRECT'),
    );
  });

  it('redirects nothing but the included ranges when there are any', () => {
    const all = rules({ outboundIpRangeInclusionList: ['10.0.0.0/8', '172.16.0.0/12'] });
    expect(all).not.toContain('-A OSM_PROXY_OUTBOUND -j OSM_PROXY_OUT_REDIRECT');
    expect(all.slice(-6)).toEqual([
      '-A OSM_PROXY_OUTBOUND -d 10.0.0.0/8 -j OSM_PROXY_OUT_REDIRECT',
      '-A OSM_PROXY_OUTBOUND -d 172.16.0.0/12 -j OSM_PROXY_OUT_REDIRECT',
      '-A OSM_PROXY_OUTBOUND -j RETURN',
      'COMMIT',
      'EOF',
      '',
    ]);
  });

  it('splits more than 15 ports, which is all that one rule takes', () => {
    const ports = Array.from({ length: 31 }, (_, i) => 1000 + i);
    const lists = rules({ outboundPortExclusionList: ports })
      .map((rule) => /--dports (\S+)/.exec(rule)?.[1]?.split(',').map(Number))
      .filter((list) => list !== undefined);
    expect(lists.map((list) => list.length)).toEqual([15, 15, 1]);
    expect(lists.flat()).toEqual(ports);
  });

  it('sends the proxy to the address of the pod in PodIP mode', () => {
    expect(rules({}, 'PodIP')).toContain(
      '-I OUTPUT -p tcp -o lo -d 127.0.0.1/32 -m owner --uid-owner 1500 -j DNAT --to-destination $POD_IP',
    );
  });
});
