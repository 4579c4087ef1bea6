import { Agent, request } from 'node:https';
import { MeshError } from '@osm/prelude';
import { namespace, serviceAccount } from './world.ts';

export interface DriveOptions {
  readonly url: string;
  readonly roots: string;
  readonly concurrency: number;
  readonly seconds: number;
}

/** Has pods admitted, so many at a time, for so long. Answers with the time that each one took, in ms. */
export async function admitPods(options: DriveOptions): Promise<readonly number[]> {
  const { concurrency } = options;
  const agent = new Agent({ ca: options.roots, keepAlive: true, maxSockets: concurrency });
  const took: number[] = [];
  const endMs = performance.now() + options.seconds * 1000;
  const work = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const startMs = performance.now();
      await admitOne(agent, options.url, `bench-${took.length}`);
      took.push(performance.now() - startMs);
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, work));
  } finally {
    agent.destroy();
  }
  return took;
}

async function admitOne(agent: Agent, url: string, name: string): Promise<void> {
  const text = await post(agent, url, JSON.stringify(reviewOf(name)));
  const { response } = JSON.parse(text) as {
    readonly response: { readonly allowed: boolean; readonly patch?: string };
  };
  if (!response.allowed || response.patch === undefined)
    throw new MeshError('unknown', `a pod got no sidecar: ${text.slice(0, 500)}`);
}

function post(agent: Agent, url: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const call = request(url, { agent, method: 'POST', headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const text = Buffer.concat(parts).toString();
        if (response.statusCode === 200) resolve(text);
        else reject(new MeshError('io', `the webhook answers ${response.statusCode}: ${text}`));
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}

/** A pod as a Deployment makes it, with what the API server has filled in. */
function reviewOf(name: string): object {
  const probe = { httpGet: { path: '/health', port: 8080, scheme: 'HTTP' }, timeoutSeconds: 1 };
  const container = (index: number): object => ({
    name: `app-${index}`,
    image: 'registry.example/app:1.2.3',
    ports: [{ name: `http-${index}`, containerPort: 8080 + index, protocol: 'TCP' }],
    env: Array.from({ length: 10 }, (_, i) => ({ name: `SETTING_${i}`, value: `value of ${i}` })),
    resources: { limits: { cpu: '1', memory: '256Mi' }, requests: { cpu: '100m' } },
    livenessProbe: probe,
    readinessProbe: probe,
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent',
  });
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: `${name}-`, namespace, labels: { app: 'bench' } },
    spec: {
      serviceAccountName: serviceAccount,
      containers: [container(0), container(1)],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
    },
  };
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  const asked = { uid: name, kind, namespace, operation: 'CREATE', dryRun: false, object };
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: asked };
}
