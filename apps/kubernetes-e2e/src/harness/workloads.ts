import type { Manifest } from './kubectl.ts';

/** The image of test pods: image/*.mjs of this project. */
export const testImage = 'osm/e2e:0.1.0';

/** A Deployment of the test image with an account of its own and the label `app`, and a Service for its ports. */
export interface Workload {
  readonly name: string;
  readonly namespace: string;
  /** Servers of image/serve.mjs, as `KIND:PORT`; none: a pod to send from. */
  readonly serves?: readonly string[];
  /** Ports of its Service; none: no Service. */
  readonly ports?: readonly ServicePort[];
  /** Its Service has no address of its own. */
  readonly headless?: boolean;
  readonly replicas?: number;
  /** What its pods have to end in; default 5. */
  readonly graceSeconds?: number;
  /** Default: that of its own name. */
  readonly account?: string;
  readonly podLabels?: Readonly<Record<string, string>>;
  readonly podAnnotations?: Readonly<Record<string, string>>;
}

export interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly targetPort?: number;
  readonly appProtocol?: string;
}

/** The objects of a workload. */
export function workload(of: Workload): readonly Manifest[] {
  const { name, namespace, serves = [], ports = [], account = name } = of;
  const metadata = { name, namespace };
  const service: Manifest = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: {
      selector: { app: name },
      ports,
      ...(of.headless === true ? { clusterIP: 'None' } : {}),
    },
  };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account, namespace } },
    ...(ports.length === 0 ? [] : [service]),
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas: of.replicas ?? 1,
        selector: { matchLabels: { app: name } },
        template: {
          metadata: {
            labels: { app: name, ...of.podLabels },
            annotations: of.podAnnotations ?? {},
          },
          spec: {
            serviceAccountName: account,
            terminationGracePeriodSeconds: of.graceSeconds ?? 5,
            containers: [container(name, ['serve.mjs', ...serves])],
          },
        },
      },
    },
  ];
}

function container(name: string, command: readonly string[]): unknown {
  const port = command.map((word) => /^http:(\d+)$/.exec(word)?.[1]).find(Boolean);
  const probe =
    port === undefined ? {} : { readinessProbe: { httpGet: { path: '/', port: Number(port) } } };
  return {
    name: 'app',
    image: testImage,
    command: ['node', ...command],
    env: [{ name: 'NAME', value: name }],
    ...probe,
  };
}

/** A Deployment whose pod sends requests at a steady rate (image/load.mjs); its counts are asked for at port 9900 of the pod itself. */
export function loadWorkload(of: {
  readonly name: string;
  readonly namespace: string;
  readonly perSecond: number;
  readonly connections: 'keep' | 'fresh';
  readonly urls: readonly string[];
}): readonly Manifest[] {
  const [account, deployment] = workload({ name: of.name, namespace: of.namespace });
  if (account === undefined || deployment === undefined) throw new Error('no Deployment');
  const command = ['load.mjs', '9900', String(of.perSecond), of.connections, ...of.urls];
  const spec = deployment['spec'] as { template: { spec: object } };
  const template = {
    ...spec.template,
    spec: { ...spec.template.spec, containers: [container(of.name, command)] },
  };
  return [account, { ...deployment, spec: { ...spec, template } }];
}
