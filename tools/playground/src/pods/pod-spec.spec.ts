import { describe, expect, it } from 'vitest';
import type { Json } from '../cluster/json.ts';
import { parsePodSpec } from './pod-spec.ts';

function problemOf(spec: Json): string {
  const result = parsePodSpec(spec);
  return result.kind === 'error' ? result.error : '';
}

describe('parsePodSpec', () => {
  it('fills in what Kubernetes would', () => {
    const result = parsePodSpec({ containers: [{ name: 'c' }] });
    expect(result).toMatchObject({
      kind: 'ok',
      value: {
        serviceAccount: 'default',
        restartPolicy: 'Always',
        terminationGraceMs: 30_000,
        initContainers: [],
        volumes: [],
      },
    });
  });

  it('reads users from the container before the pod', () => {
    const result = parsePodSpec({
      securityContext: { runAsUser: 1, runAsGroup: 2 },
      containers: [{ name: 'c', securityContext: { runAsUser: 1500 } }],
    });
    expect(result).toMatchObject({ value: { containers: [{ uid: 1500, gid: 2 }] } });
  });

  it('reads environment, volumes, probes and native sidecars', () => {
    const result = parsePodSpec({
      initContainers: [{ name: 'proxy', restartPolicy: 'Always' }],
      volumes: [
        { name: 'v', secret: { secretName: 's', items: [{ key: 'k', path: 'p' }] } },
        { name: 'e', emptyDir: {} },
      ],
      containers: [
        {
          name: 'c',
          env: [
            { name: 'A', value: '1' },
            { name: 'B', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
            { name: 'C', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
          ],
          envFrom: [{ configMapRef: { name: 'm' } }],
          volumeMounts: [{ name: 'v', mountPath: '/etc/v', readOnly: true }],
          readinessProbe: { httpGet: { port: 'http' }, periodSeconds: 3 },
        },
      ],
    });
    expect(result).toMatchObject({
      value: {
        initContainers: [{ isSidecar: true }],
        volumes: [{ kind: 'object', source: { kind: 'Secret', name: 's' } }, { kind: 'emptyDir' }],
        containers: [
          {
            env: [{ kind: 'all' }, { kind: 'value' }, { kind: 'field' }, { kind: 'key' }],
            probes: {
              readiness: {
                periodMs: 3000,
                timeoutMs: 1000,
                failureThreshold: 3,
                check: { kind: 'http', port: 'http', path: '/' },
              },
            },
          },
        ],
      },
    });
  });

  it.each<[Json, string]>([
    [{ containers: [{}] }, 'spec.containers[0].name must be a text that is not empty'],
    [
      { containers: [{ name: 'c', env: [{ name: 'A', valueFrom: {} }] }] },
      'spec.containers[0].env[0].valueFrom must be',
    ],
    [
      { containers: [{ name: 'c' }], volumes: [{ name: 'v', nfs: {} }] },
      'the playground has no others',
    ],
    [{ containers: [{ name: 'c' }], restartPolicy: 'Sometimes' }, 'Always, OnFailure or Never'],
    [{ containers: [{ name: 'c', readinessProbe: { grpc: {} } }] }, 'httpGet, tcpSocket or exec'],
    [
      {
        containers: [{ name: 'c', volumeMounts: [{ name: 'v', mountPath: 'x' }] }],
        volumes: [{ name: 'v', emptyDir: {} }],
      },
      'an absolute path',
    ],
  ])('names the field that is wrong: %j', (spec, message) => {
    expect(problemOf(spec)).toContain(message);
  });
});
