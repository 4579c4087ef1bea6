import { describe, expect, it } from 'vitest';
import { parseManifestFile } from './manifests.ts';
import { readDesired } from './desired.ts';
import { endpointsByHand, rulesByHand } from './endpoints-by-hand.ts';
import { hostsFile } from './hosts-file.ts';
import { serviceNames } from './service-names.ts';

const objects = `
apiVersion: v1
kind: Namespace
metadata: {name: n}
---
apiVersion: v1
kind: Service
metadata: {name: leader, namespace: n}
spec: {ports: [{name: db, port: 5432}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: leader-1, namespace: n, labels: {kubernetes.io/service-name: leader}}
addressType: IPv4
ports: [{name: db, port: 5433}]
endpoints:
  - {addresses: [10.0.0.1]}
  - {addresses: [10.0.0.2], conditions: {ready: false}}
---
apiVersion: v1
kind: Service
metadata: {name: outside, namespace: n}
spec: {clusterIP: None, ports: [{port: 80}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: outside, namespace: n}
subsets:
  - addresses: [{ip: 192.0.2.1, hostname: one}, {ip: 192.0.2.2}]
    ports: [{port: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: alias, namespace: n}
spec: {type: ExternalName, externalName: leader.n.svc.cluster.local.}
---
apiVersion: v1
kind: Service
metadata: {name: away, namespace: n}
spec: {type: ExternalName, externalName: db.example}
`;

const { services, endpoints, problems } = readDesired(
  parseManifestFile('m.yaml', objects).manifests,
);
const named = (name: string) => {
  const found = services.find((service) => service.name === name);
  if (found === undefined) throw new Error(`no service ${name}`);
  return found;
};

describe('endpoints that were written by hand', () => {
  it('are read from EndpointSlices and Endpoints, without a word', () => {
    expect(problems).toEqual([]);
    expect(endpoints.map(({ service }) => service)).toEqual(['leader', 'outside']);
  });

  it('lead the address of their service to those that are ready', () => {
    const leader = named('leader');
    expect(rulesByHand(leader, '10.96.0.1', endpointsByHand(leader, endpoints))).toEqual([
      {
        address: '10.96.0.1',
        protocol: 'tcp',
        port: 5432,
        endpoints: [{ ip: '10.0.0.1', port: 5433 }],
      },
    ]);
  });

  it('are mirrored into an EndpointSlice when they are Endpoints', () => {
    expect(endpoints.map(({ mirror }) => mirror)).toMatchObject([
      undefined,
      {
        kind: 'EndpointSlice',
        metadata: { name: 'outside', labels: { 'kubernetes.io/service-name': 'outside' } },
        ports: [{ port: 80 }],
        endpoints: [{ addresses: ['192.0.2.1'], hostname: 'one' }, { addresses: ['192.0.2.2'] }],
      },
    ]);
  });

  it('do not count for a service with a selector', () => {
    const leader = { ...named('leader'), selector: new Map([['app', 'x']]) };
    expect(endpointsByHand(leader, endpoints)).toEqual([]);
  });
});

describe('names of services', () => {
  const names = serviceNames({
    ...{ services, byHand: endpoints, own: [], pods: [] },
    addressOf: () => '10.96.0.1',
  });
  const hosts = hostsFile({ namespace: 'n', hostname: 'p', ip: '10.0.0.9' }, names);

  it('of a headless one lead to the endpoints that were written by hand, each by its own name, too', () => {
    expect(hosts).toMatch(
      /^192\.0\.2\.1 outside .*\n192\.0\.2\.2 outside .*\n192\.0\.2\.1 one\.outside /m,
    );
  });

  it('of ExternalName ones lead where the name leads that they stand for, or nowhere', () => {
    expect(hosts).toMatch(/^10\.96\.0\.1 alias alias\.n /m);
    expect(hosts).not.toContain('away');
  });
});
