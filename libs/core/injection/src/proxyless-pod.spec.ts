import { describe, expect, it } from 'vitest';
import { injectionRequest, pod, proxyUuid } from '../testing/index.ts';
import { injectPod, type InjectionRequest } from './inject-pod.ts';
import type { JsonObject } from './json.ts';

const annotations = { 'openservicemesh.io/proxyless-grpc': 'enabled' };

function inject(own: JsonObject, parts: Partial<InjectionRequest> = {}) {
  return injectPod(injectionRequest({ pod: own, ...parts }));
}

function injected(own: JsonObject) {
  const result = inject(own);
  if (result.kind !== 'inject') throw new Error(JSON.stringify(result));
  return result;
}

describe('a pod whose gRPC speaks xDS', () => {
  it('gets an agent that is ready first, no proxy and no redirection', () => {
    const own = pod({
      metadata: { annotations, labels: { app: 'store' } },
      spec: { initContainers: [{ name: 'migrate', image: 'm' }] },
    });
    expect(injected(own).pod).toMatchObject({
      metadata: { labels: { app: 'store', 'osm-proxy-uuid': proxyUuid } },
      spec: {
        initContainers: [
          { name: 'migrate' },
          {
            name: 'osm-grpc-agent',
            image: 'agent:1',
            restartPolicy: 'Always',
            startupProbe: { httpGet: { path: '/health/ready', port: 15905 } },
          },
        ],
        containers: [{ name: 'app' }],
        volumes: [
          { secret: { secretName: `envoy-bootstrap-config-${proxyUuid}` } },
          { name: 'osm-grpc', emptyDir: {} },
        ],
      },
    });
  });

  it('finds the bootstrap by environment and volume, and keeps its own settings', () => {
    const own = pod({
      metadata: { annotations },
      spec: {
        containers: [
          {
            name: 'app',
            image: 'a',
            env: [{ name: 'GRPC_XDS_BOOTSTRAP', value: '/mine.json' }],
            volumeMounts: [{ name: 'data', mountPath: '/data' }],
          },
        ],
      },
    });
    expect(injected(own).pod).toMatchObject({
      spec: {
        containers: [
          {
            env: [
              { name: 'GRPC_XDS_BOOTSTRAP', value: '/mine.json' },
              { name: 'GRPC_XDS_EXPERIMENTAL_RBAC', value: 'true' },
            ],
            volumeMounts: [{ name: 'data' }, { name: 'osm-grpc', readOnly: true }],
          },
        ],
      },
    });
  });

  it('gets a bootstrap of gRPC: the agent as server, its files as certificates', () => {
    expect(injected(pod({ metadata: { annotations } })).bootstrap).toMatchObject({
      xds_servers: [
        {
          server_uri: 'unix:///var/run/osm-grpc/xds.sock',
          channel_creds: [{ type: 'insecure' }],
        },
      ],
      node: { id: proxyUuid },
      certificate_providers: { default: { plugin_name: 'file_watcher' } },
      server_listener_resource_name_template: 'inbound/%s',
    });
  });

  it('is denied when a name is taken, or the annotation means nothing', () => {
    const taken = pod({
      metadata: { annotations },
      spec: { volumes: [{ name: 'osm-grpc', emptyDir: {} }] },
    });
    expect(inject(taken)).toMatchObject({
      kind: 'deny',
      message: expect.stringContaining('osm-grpc') as string,
    });
    const unclear = pod({
      metadata: { annotations: { 'openservicemesh.io/proxyless-grpc': 'perhaps' } },
    });
    expect(inject(unclear)).toMatchObject({
      kind: 'deny',
      message: expect.stringContaining('"perhaps" is none of enabled') as string,
    });
  });

  it('has a sidecar like others when the annotation says no', () => {
    const own = pod({ metadata: { annotations: { 'openservicemesh.io/proxyless-grpc': 'no' } } });
    expect(injected(own).pod).toMatchObject({
      spec: { containers: [{ name: 'app' }, { name: 'envoy' }] },
    });
  });
});
