import { beforeAll, expect, it } from 'vitest';
import { describeChart, ofKind, podsIn, renderChart, type RenderedPod } from './render-chart.ts';

const services = [
  'osm-catalog-watcher',
  'osm-certificate-manager',
  'osm-controller',
  'osm-injector',
  'osm-policy-compiler',
];
const withPods = [...services, 'osm-bootstrap', 'osm-bus-renewal', 'osm-nats'];

describeChart('pods of the control plane', () => {
  let pods: ReadonlyMap<string, RenderedPod>;

  beforeAll(() => {
    pods = podsIn(renderChart());
  });

  it('are one Deployment for each service, NATS, and two Jobs', () => {
    expect([...pods.keys()].toSorted()).toEqual(withPods.toSorted());
  });

  it.each(withPods)('%s fits the restricted standard, and has its limits', (name) => {
    const { securityContext, containers = [] } = pods.get(name)?.spec ?? {};
    expect(securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(containers).not.toEqual([]);
    for (const container of containers) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(container.resources).toMatchObject({
        limits: { cpu: expect.anything() as unknown, memory: expect.anything() as unknown },
        requests: { cpu: expect.anything() as unknown, memory: expect.anything() as unknown },
      });
    }
  });

  it('are found by tools of OSM by their labels', () => {
    const labels = ofKind(renderChart('osm.meshName=mine'), 'Deployment').get('osm-controller')
      ?.metadata as unknown as { labels: unknown };
    expect(labels.labels).toMatchObject({
      app: 'osm-controller',
      meshName: 'mine',
      enforceSingleMesh: 'true',
      'app.kubernetes.io/name': 'openservicemesh.io',
      'app.kubernetes.io/instance': 'mine',
    });
  });
});

describeChart('values', () => {
  it('set replicas, budgets and scaling of one service alone', () => {
    const objects = renderChart(
      'osm.injector.replicaCount=3',
      'osm.injector.enablePodDisruptionBudget=true',
      'osm.osmController.autoScale.enable=true',
      'osm.osmController.autoScale.maxReplicas=9',
    );
    const replicas = [...ofKind(objects, 'Deployment')].map(([name, { spec }]) => [
      name,
      (spec as { replicas?: number }).replicas,
    ]);
    expect(Object.fromEntries(replicas)).toEqual({
      'osm-catalog-watcher': 1,
      'osm-certificate-manager': 1,
      // The autoscaler has it.
      'osm-controller': undefined,
      'osm-injector': 3,
      'osm-policy-compiler': 1,
    });
    expect([...ofKind(objects, 'PodDisruptionBudget').keys()]).toEqual(['osm-injector']);
    expect(
      ofKind(objects, 'HorizontalPodAutoscaler').get('osm-controller')?.['spec'],
    ).toMatchObject({ minReplicas: 1, maxReplicas: 9 });
  });

  it('lead to a NATS of the user, with one Secret of which each service sees its part', () => {
    const objects = renderChart(
      'osm.nats.enabled=false',
      'osm.nats.url=tls://nats.example:4222',
      'osm.nats.credentialsSecret=mine',
      'osm.nats.replicaCount=3',
    );
    expect([...ofKind(objects, 'StatefulSet')]).toEqual([]);
    const pods = podsIn(objects);
    expect([...pods.keys()].toSorted()).toEqual([...services, 'osm-bootstrap'].toSorted());
    const { containers, volumes } = pods.get('osm-controller')?.spec ?? { containers: [] };
    expect(containers[0]?.args).toEqual(
      expect.arrayContaining(['--nats-url=tls://nats.example:4222', '--nats-replicas=3']),
    );
    expect(volumes?.find(({ name }) => name === 'bus')?.secret).toMatchObject({
      secretName: 'mine',
      items: [
        { key: 'xds-server', path: 'credentials' },
        { key: 'ca.crt', path: 'ca.crt' },
      ],
    });
  });

  it.each([
    ['osm.enableEgres=true', /'enableEgres' not allowed/],
    ['osm.injector.replicas=2', /'replicas' not allowed/],
    ['osm.image.pullPolicy=Sometimes', /pullPolicy/],
    ['osm.outboundPortExclusionList={70000}', /outboundPortExclusionList/],
    ['osm.nats.replicaCount=2', /replicaCount/],
    ['osm.nats.enabled=false', /osm\.nats\.url/],
    ['osm.nats.url=nats://plain:4222', /url/],
    ['osm.deployGrafana=true', /brings none/],
    ['osm.certificateProvider.kind=vault', /not there yet/],
    ['contour.enabled=true', /install yours/],
  ])('%s is refused with the reason', (value, reason) => {
    expect(() => renderChart(value)).toThrow(reason);
  });

  it.each([
    'osm.curlImage=curlimages/curl',
    'osm.sidecarWindowsImage=x',
    'osm.deployPrometheus=false',
    'osm.prometheus.retention.time=15d',
    'osm.cleanup.nodeSelector.a=b',
    'osm.image.name.osmCRDs=osm-crds',
    'osm.controllerLogLevel=panic',
  ])('%s of an installation of OSM is taken', (value) => {
    expect(renderChart(value).length).toBeGreaterThan(30);
  });
});
