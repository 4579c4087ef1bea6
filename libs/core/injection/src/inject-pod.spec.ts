import { defaultMeshSettings, type MeshSettings, type Sidecar } from '@osm/model';
import { invariant } from '@osm/prelude';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { injectionRequest, pod, proxyUuid, shop } from '../testing/index.ts';
import { injectPod, type InjectionRequest } from './inject-pod.ts';
import type { JsonObject } from './json.ts';

function injected(parts: Partial<InjectionRequest> = {}) {
  const result = injectPod(injectionRequest(parts));
  if (result.kind !== 'inject') throw new Error(JSON.stringify(result));
  return result;
}

function specOf(parts: Partial<InjectionRequest> = {}) {
  return injected(parts).pod['spec'] as {
    readonly containers: readonly JsonObject[];
    readonly initContainers: readonly JsonObject[];
  };
}

function settingsWith(
  sidecar: Partial<Sidecar>,
  outboundPortExclusionList: number[],
): MeshSettings {
  const settings = defaultMeshSettings('cluster.local');
  invariant(settings.sidecar && settings.interception, 'the defaults are complete');
  return {
    ...settings,
    sidecar: { ...settings.sidecar, ...sidecar },
    interception: { ...settings.interception, outboundPortExclusionList },
  };
}

describe('injectPod', () => {
  it('adds label, volume, init container and, last, the proxy', () => {
    const own = pod({
      metadata: { labels: { app: 'bookstore' } },
      spec: {
        initContainers: [{ name: 'migrate', image: 'm' }],
        volumes: [{ name: 'data', emptyDir: {} }],
        nodeName: 'n',
      },
    });
    const secretName = `envoy-bootstrap-config-${proxyUuid}`;
    expect(injected({ pod: own }).pod).toMatchObject({
      metadata: { labels: { app: 'bookstore', 'osm-proxy-uuid': proxyUuid } },
      spec: {
        nodeName: 'n',
        initContainers: [{ name: 'migrate' }, { name: 'osm-init' }],
        containers: [{ name: 'app' }, { name: 'envoy' }],
        volumes: [
          { name: 'data' },
          { name: 'envoy-bootstrap-config-volume', secret: { secretName } },
        ],
      },
    });
  });

  it('makes the init container of OSM', () => {
    expect(specOf().initContainers).toEqual([
      {
        name: 'osm-init',
        image: 'init:1',
        imagePullPolicy: 'IfNotPresent',
        command: ['/bin/sh'],
        args: ['-c', expect.stringContaining('iptables-restore --noflush') as string],
        env: [{ name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
        securityContext: {
          privileged: false,
          capabilities: { add: ['NET_ADMIN'] },
          runAsNonRoot: false,
          runAsUser: 0,
        },
      },
    ]);
  });

  it('makes the proxy of OSM', () => {
    expect(specOf().containers.at(-1)).toEqual({
      name: 'envoy',
      image: 'envoy:1',
      imagePullPolicy: 'IfNotPresent',
      command: ['envoy'],
      args: [
        ...['--log-level', 'error', '--config-path', '/etc/envoy/bootstrap.yaml'],
        ...['--service-cluster', 'bookstore.shop'],
        ...['--drain-time-s', '30', '--drain-strategy', 'immediate', '--disable-hot-restart'],
      ],
      ports: [
        { name: 'proxy-admin', containerPort: 15000 },
        { name: 'proxy-inbound', containerPort: 15003 },
        { name: 'proxy-metrics', containerPort: 15010 },
      ],
      env: ['POD_UID', 'POD_NAME', 'POD_NAMESPACE', 'POD_IP', 'SERVICE_ACCOUNT'].map(
        (name) => expect.objectContaining({ name }) as object,
      ),
      volumeMounts: [
        { name: 'envoy-bootstrap-config-volume', readOnly: true, mountPath: '/etc/envoy' },
      ],
      startupProbe: {
        httpGet: { path: '/configured-by-osm-controller', port: 15905 },
        initialDelaySeconds: 1,
        periodSeconds: 1,
        failureThreshold: 600,
      },
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
        runAsUser: 1500,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      },
    });
  });

  it('follows MeshConfig: images, log level, privileges, resources, exclusions', () => {
    const sidecar = {
      envoyImage: 'envoy:mesh',
      initContainerImage: 'init:mesh',
      logLevel: 'debug',
      privilegedInitContainer: true,
      resourcesJson: '{"limits":{"cpu":"1"}}',
    };
    const { containers, initContainers } = specOf({ settings: settingsWith(sidecar, [6379]) });
    expect(containers.at(-1)).toMatchObject({
      image: 'envoy:mesh',
      args: expect.arrayContaining(['--log-level', 'debug']) as string[],
      resources: { limits: { cpu: '1' } },
    });
    expect(initContainers[0]).toMatchObject({
      image: 'init:mesh',
      securityContext: { privileged: true },
      args: ['-c', expect.stringContaining('--dports 6379') as string],
    });
  });

  it('adds the healthcheck container before the proxy only for TCP probes', () => {
    const probed = { name: 'app', image: 'a', livenessProbe: { tcpSocket: { port: 1 } } };
    const { containers } = specOf({ pod: pod({ spec: { containers: [probed] } }) });
    expect(containers).toMatchObject([
      { name: 'app' },
      {
        name: 'osm-healthcheck',
        image: 'healthcheck:1',
        command: ['/osm-healthcheck'],
        ports: [{ containerPort: 15904 }],
      },
      {
        name: 'envoy',
        ports: expect.arrayContaining([
          { name: 'liveness-port', containerPort: 15901 },
        ]) as object[],
      },
    ]);
  });

  it('adds scrape annotations where the namespace wants metrics', () => {
    const annotationsOf = (metrics: boolean) => {
      const own = pod({ metadata: { annotations: { mine: 'x' } } });
      const result = injected({ pod: own, namespace: { ...shop, metrics } });
      return (result.pod['metadata'] as JsonObject)['annotations'];
    };
    expect(annotationsOf(true)).toEqual({
      mine: 'x',
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': '15010',
      'prometheus.io/path': '/stats/prometheus',
    });
    expect(annotationsOf(false)).toEqual({ mine: 'x' });
  });

  it('takes the identity from the request, with the default service account', () => {
    expect(injected().identity).toEqual({ namespace: 'shop', serviceAccount: 'bookstore' });
    const bare = { spec: { containers: [{ name: 'app' }] } };
    expect(injected({ pod: bare }).identity.serviceAccount).toBe('default');
  });

  it('warns of a container that runs as the user of the proxy', () => {
    const containers = [
      { name: 'a', securityContext: { runAsUser: 1500 } },
      { name: 'b', securityContext: { runAsUser: 1 } },
      { name: 'c' },
    ];
    const warningsOf = (spec: JsonObject) => injected({ pod: pod({ spec }) }).warnings;
    expect(warningsOf({ containers })).toEqual([expect.stringContaining('"a"')]);
    expect(warningsOf({ containers, securityContext: { runAsUser: 1500 } })).toEqual([
      expect.stringContaining('"a"'),
      expect.stringContaining('"c"'),
    ]);
  });

  it('warns of hooks by HTTP, which the redirection does not let through', () => {
    const httpGet = { port: 8080, path: '/drain' };
    const lifecycle = { preStop: { httpGet }, postStart: { exec: { command: ['true'] } } };
    const containers = [{ name: 'a', lifecycle }, { name: 'b' }];
    const { pod: patched, warnings } = injected({ pod: pod({ spec: { containers } }) });
    expect(warnings).toEqual([expect.stringContaining('preStop of container "a"')]);
    expect(patched).toMatchObject({ spec: { containers: [{ lifecycle }, {}, {}] } });
  });

  it('keeps every field of the pod that it does not know', () => {
    const extra = fc.dictionary(fc.stringMatching(/^x[a-z]{1,8}$/), fc.jsonValue());
    fc.assert(
      fc.property(extra, extra, extra, (ofPod, ofSpec, ofContainer) => {
        const own = pod({
          spec: { ...ofSpec, containers: [{ name: 'app', ...ofContainer }] } as never,
        });
        const { pod: patched } = injected({ pod: { ...own, ...ofPod } });
        expect(patched).toMatchObject({ ...own, ...ofPod, spec: {} });
        expect(patched['spec']).toMatchObject(ofSpec);
        const { containers } = patched['spec'] as { containers: readonly JsonObject[] };
        expect(containers[0]).toEqual({ name: 'app', ...ofContainer });
      }),
    );
  });

  it('leaves its input alone and repeats itself', () => {
    const request = injectionRequest();
    const before = JSON.stringify(request);
    expect(injectPod(request)).toEqual(injectPod(request));
    expect(JSON.stringify(request)).toBe(before);
  });
});

describe('injectPod denies', () => {
  const images = {
    envoy: 'e',
    init: 'i',
    healthcheck: '',
    agent: '',
    pullPolicy: 'Never' as const,
  };
  const badPorts = { 'openservicemesh.io/outbound-port-exclusion-list': 'x' };
  const tcpProbe = { name: 'app', livenessProbe: { tcpSocket: { port: 1 } } };
  const foreignVolume = { volumes: [{ name: 'envoy-bootstrap-config-volume', emptyDir: {} }] };

  it.each([
    ['no object', { pod: 'x' }, 'not a Pod'],
    ['no spec', { pod: {} }, 'no spec'],
    ['no containers', { pod: { spec: {} } }, 'spec.containers'],
    ['wrong ports', { pod: pod({ metadata: { annotations: badPorts } }) }, 'is not a port'],
    ['no proxy image', { images: { ...images, envoy: '' } }, 'sidecar.envoyImage not set'],
    ['no init image', { images: { ...images, init: '' } }, 'sidecar.initContainerImage not set'],
    [
      'TCP probes without their image',
      { images, pod: pod({ spec: { containers: [tcpProbe] } }) },
      '--default-healthcheck-container-image',
    ],
    ['a container envoy', { pod: pod({ spec: { containers: [{ name: 'envoy' }] } }) }, '"envoy"'],
    ['a volume of our name', { pod: pod({ spec: foreignVolume }) }, 'a volume of the pod is named'],
  ])('%s', (_what, parts, message) => {
    expect(injectPod(injectionRequest(parts))).toEqual({
      kind: 'deny',
      message: expect.stringContaining(message) as string,
    });
  });
});
