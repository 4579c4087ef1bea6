import { makeSelfSigned } from '@osm/playground';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apply, kubectlJson } from '../harness/kubectl.ts';
import { useMesh } from '../harness/mesh.ts';
import { isReady, podsOf, type Pod } from '../harness/pods.ts';
import { openStory } from '../harness/story.ts';
import { until } from '../harness/waiting.ts';
import { podOf, type ProbedContainer } from './probed-pod.ts';

// OSM's row `health_probe`. The kubelet is outside the mesh: what it asks must be answered by the application all the same, and by
// nobody in its place.

const dead = 9999;

describe('health probes of meshed pods', () => {
  const story = openStory();
  afterAll(story.end);
  let namespace = '';
  let tls: Readonly<Record<string, string>> = {};

  beforeAll(async () => {
    await useMesh();
    namespace = await story.namespace('probes');
    const { key, certificate } = makeSelfSigned();
    tls = { TLS_KEY: key, TLS_CERT: certificate };
  });

  it('succeed while the application lives, whatever their kind', async () => {
    await create({
      http: [{ serves: 'http:8080', probe: http(8080) }],
      https: [{ serves: 'https:8443', probe: http(8443, 'HTTPS'), env: tls }],
      tcp: [{ serves: 'echo:7000', probe: { tcpSocket: { port: 7000 } } }],
      grpc: [{ serves: 'grpc:5000', probe: { grpc: { port: 5000 } } }],
      exec: [{ serves: 'http:8080', probe: { exec: { command: ['node', '--version'] } } }],
    });
    await ready('http', 'https', 'tcp', 'grpc', 'exec');
  });

  it('succeed in a pod of several containers, each with its own', async () => {
    await create({
      several: [
        { serves: 'http:8080', probe: http(8080) },
        { serves: 'http:8081', probe: http(8081) },
        { serves: 'echo:7000', probe: { tcpSocket: { port: 7000 } } },
        { serves: 'https:8443', probe: http(8443, 'HTTPS'), env: tls },
        { serves: 'grpc:5000', probe: { grpc: { port: 5000 } } },
      ],
    });
    await ready('several');
  });

  it('never succeed where nobody listens: the sidecar does not answer for a dead application', async () => {
    await create({
      'dead-http': [{ serves: 'http:8080', probe: http(dead) }],
      'dead-https': [{ serves: 'https:8443', probe: http(dead, 'HTTPS'), env: tls }],
      'dead-tcp': [{ serves: 'echo:7000', probe: { tcpSocket: { port: dead } } }],
      'dead-grpc': [{ serves: 'grpc:5000', probe: { grpc: { port: dead } } }],
      'dead-exec': [{ serves: 'http:8080', probe: { exec: { command: ['false'] } } }],
      'dead-second': [
        { serves: 'http:8080', probe: http(8080) },
        { serves: 'http:8081', probe: http(dead) },
      ],
    });
    await neverReady(
      ...['dead-http', 'dead-https', 'dead-tcp', 'dead-grpc', 'dead-exec', 'dead-second'],
    );
  });

  it('fail when the application says so', async () => {
    await create({ ill: [{ serves: 'http:8080', probe: http(8080, 'HTTP', '/status/500') }] });
    await neverReady('ill');
  });

  /** One pod each, with the containers' probes as startup, readiness and liveness probe. */
  async function create(pods: Readonly<Record<string, readonly ProbedContainer[]>>): Promise<void> {
    await apply(...Object.entries(pods).map(([name, of]) => podOf({ name, namespace }, of)));
  }

  async function ready(...names: readonly string[]): Promise<void> {
    await until(`${names.join(', ')} are ready`, 60_000, async () => {
      const missing = (await named(names)).filter((pod) => !isReady(pod));
      return missing.length === 0 ? undefined : missing.map(({ metadata }) => metadata.name).join();
    });
  }

  /** Their application runs, and the kubelet has asked several times in vain. */
  async function neverReady(...names: readonly string[]): Promise<void> {
    await until(`${names.join(', ')} have failed`, 60_000, async () => {
      const failures = await failedProbes(namespace);
      const missing = names.filter((name) => (failures.get(name) ?? 0) < 3);
      return missing.length === 0 ? undefined : missing.join();
    });
    expect((await named(names)).filter(isReady).map(({ metadata }) => metadata.name)).toEqual([]);
  }

  async function named(names: readonly string[]): Promise<readonly Pod[]> {
    const pods = (await podsOf(namespace)).filter(({ metadata }) => names.includes(metadata.name));
    expect(pods).toHaveLength(names.length);
    return pods;
  }
});

function http(port: number, scheme = 'HTTP', path = '/'): object {
  return { httpGet: { port, scheme, path } };
}

/** How often the kubelet reported that a probe of the application failed, by pod. */
async function failedProbes(namespace: string): Promise<ReadonlyMap<string, number>> {
  const { items } = await kubectlJson<{
    items: readonly {
      readonly count?: number;
      readonly involvedObject: { readonly name: string; readonly fieldPath?: string };
    }[];
  }>('get', 'events', '-n', namespace, '--field-selector', 'reason=Unhealthy');
  const found = new Map<string, number>();
  for (const { count = 1, involvedObject } of items) {
    if (involvedObject.fieldPath?.includes('{envoy}') === true) continue;
    found.set(involvedObject.name, (found.get(involvedObject.name) ?? 0) + count);
  }
  return found;
}
