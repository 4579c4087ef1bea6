import { describe, expect, it } from 'vitest';
import { readDesired } from './desired.ts';
import { endpointSlices, headlessNames, type EndpointPod } from './endpoints.ts';
import { hostsFile } from './hosts-file.ts';
import { parseManifestFile } from './manifests.ts';

const manifests = `
apiVersion: v1
kind: Namespace
metadata: {name: a}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: a}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: a}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: app, image: none, command: [sleep, '1']}]}
`;

const pod = (n: number, subdomain: string): EndpointPod => ({
  namespace: 'a',
  name: `db-${n}`,
  ip: `10.0.0.${n}`,
  labels: new Map([['app', 'db']]),
  ready: true,
  namedPorts: new Map(),
  hostname: `db-${n}`,
  subdomain,
});

describe('a StatefulSet', () => {
  const { workloads, services, problems } = readDesired(
    parseManifestFile('f', manifests).manifests,
  );
  const [service] = services;
  if (service === undefined) throw new Error('there is no service');

  it('wants pods like a Deployment that stops the old ones first', () => {
    expect(problems).toEqual([]);
    expect(workloads).toMatchObject([
      { kind: 'StatefulSet', name: 'db', replicas: 2, recreate: true, serviceName: 'db' },
    ]);
  });

  it('has pods with names of their own under its headless service, and only there', () => {
    const names = headlessNames(service, [pod(0, 'db'), pod(1, 'other')]);
    expect(names).toEqual({
      addresses: ['10.0.0.0', '10.0.0.1'],
      hosts: [{ name: 'db-0', address: '10.0.0.0' }],
    });
    const [slice] = endpointSlices(service, [pod(0, 'db'), pod(1, 'other')]);
    expect(slice?.['endpoints']).toMatchObject([{ hostname: 'db-0' }, { addresses: ['10.0.0.1'] }]);
    expect(JSON.stringify(slice)).not.toContain('"hostname":"db-1"');
  });

  it('is found by these names, short ones in its own namespace only', () => {
    const { addresses, hosts } = headlessNames(service, [pod(0, 'db')]);
    const file = (namespace: string): string =>
      hostsFile({ namespace, hostname: 'me', ip: '10.9.9.9' }, [
        { namespace: 'a', name: 'db', addresses, hosts },
      ]);
    expect(file('a')).toContain('10.0.0.0 db-0.db db-0.db.a db-0.db.a.svc ');
    expect(file('b')).toContain('\n10.0.0.0 db-0.db.a db-0.db.a.svc ');
  });
});
