import { resourceTypes, type KubernetesObject } from '@osm/kubernetes';
import { parseObject } from '@osm/resources';
import { describe, expect, it } from 'vitest';
import { trimObject } from './trim-object.ts';

const metadata = {
  name: 'a',
  namespace: 'shop',
  uid: 'u',
  resourceVersion: '7',
  labels: { 'osm-proxy-uuid': 'f0e1' },
  annotations: {
    'prometheus.io/scrape': 'true',
    'kubectl.kubernetes.io/last-applied-configuration': '{}',
  },
  managedFields: [{ manager: 'kubectl' }],
};
const pod: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata,
  spec: {
    serviceAccountName: 'buyer',
    containers: [
      { name: 'app', image: 'x', env: [], ports: [{ name: 'web', containerPort: 8080 }] },
    ],
    initContainers: [
      { name: 'side', restartPolicy: 'Always', ports: [{ name: 'db', containerPort: 3306 }] },
    ],
    volumes: [{ name: 'data' }],
  },
  status: { phase: 'Running', podIP: '10.0.0.1', conditions: [{ type: 'Ready' }] },
};
const ref = { kind: 'Pod', namespace: 'shop', name: 'a', file: '', line: 0 };
const scope = { meshName: 'osm', meshNamespace: 'osm-system', trustDomain: 'cluster.local' };

describe('what is left of an object', () => {
  it('is enough of a pod for the catalog, and nothing more', () => {
    const slim = trimObject(resourceTypes.pod, pod);
    expect(parseObject(slim, ref, scope)).toEqual(parseObject(pod, ref, scope));
    expect(parseObject(slim, ref, scope).value).toBeDefined();
    expect(JSON.stringify(slim)).not.toMatch(/volumes|image|conditions|managedFields|last-applied/);
  });

  it('is all of a policy but who wrote it', () => {
    const split = { kind: 'TrafficSplit', metadata, spec: { service: 'a' }, status: { x: 1 } };
    expect(trimObject(resourceTypes.trafficSplit, split)).toEqual({
      ...split,
      metadata: {
        ...metadata,
        managedFields: undefined,
        annotations: { 'prometheus.io/scrape': 'true' },
      },
    });
  });
});
