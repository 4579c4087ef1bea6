import type { Manifest } from '../harness/kubectl.ts';
import { testImage } from '../harness/workloads.ts';

/** A container of the test image with a server, and what the kubelet asks it. */
export interface ProbedContainer {
  /** `KIND:PORT` of image/serve.mjs. */
  readonly serves: string;
  /** The handler of its probes: `{httpGet: ...}`. */
  readonly probe: object;
  readonly env?: Readonly<Record<string, string>>;
}

/** A pod whose containers all have a startup, a readiness and a liveness probe. */
export function podOf(
  { name, namespace }: { readonly name: string; readonly namespace: string },
  containers: readonly ProbedContainer[],
): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: containers.map(({ serves, probe, env = {} }, index) => ({
        name: `app-${index}`,
        image: testImage,
        command: ['node', 'serve.mjs', serves],
        env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
        startupProbe: { ...probe, periodSeconds: 1, failureThreshold: 60 },
        readinessProbe: { ...probe, periodSeconds: 1 },
        livenessProbe: { ...probe, periodSeconds: 5 },
      })),
    },
  };
}
