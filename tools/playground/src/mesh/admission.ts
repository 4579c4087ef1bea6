import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { MeshError } from '@osm/prelude';
import jsonPatch, { type Operation } from 'fast-json-patch';
import { isObject, type JsonObject } from '../cluster/json.ts';
import { pause } from '../process/backoff.ts';
import type { MeshServices } from './mesh-services.ts';

/** How long a pod that should get a sidecar waits for an injector that does not know its namespace yet. */
const knowsNamespaceMsMax = 5000;

/**
 * Shows a pod to the injector as the API server would and returns the pod with its patch applied.
 *
 * @throws MeshError when the injector refuses the pod or cannot be asked: the pod must not run then (OSM's failure policy)
 */
export async function admitPod(
  services: MeshServices,
  pod: JsonObject,
  wantsSidecar: boolean,
): Promise<JsonObject> {
  const deadline = performance.now() + knowsNamespaceMsMax;
  for (;;) {
    const review = await ask(services, pod);
    const response = isObject(review['response']) ? review['response'] : {};
    if (response['allowed'] !== true) {
      const status = isObject(response['status']) ? response['status']['message'] : undefined;
      throw new MeshError(
        'invalid_config',
        `the injector refuses it: ${typeof status === 'string' ? status : 'no reason given'}`,
      );
    }
    if (typeof response['patch'] === 'string') return applyPatch(pod, response['patch']);
    if (!wantsSidecar || performance.now() > deadline) return pod;
    await pause(100);
  }
}

function applyPatch(pod: JsonObject, encoded: string): JsonObject {
  const operations: unknown = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8'));
  const copy = structuredClone(pod) as object;
  return jsonPatch.applyPatch(copy, operations as Operation[]).newDocument as JsonObject;
}

async function ask(services: MeshServices, pod: JsonObject): Promise<JsonObject> {
  const metadata = pod['metadata'] as { readonly namespace: string };
  const review = JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: randomUUID(),
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      namespace: metadata.namespace,
      operation: 'CREATE',
      object: pod,
      dryRun: false,
    },
  });
  let problem = new MeshError('io', 'no injector is ready');
  for (const { instance, port } of services.webhooks) {
    if (!instance.isReady) continue;
    try {
      return await post(
        new URL(instance.http).hostname,
        port,
        review,
        join(services.caDirectory, 'ca.crt'),
      );
    } catch (thrown) {
      problem = MeshError.from(thrown);
    }
  }
  throw problem;
}

function post(host: string, port: number, body: string, caFile: string): Promise<JsonObject> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void =>
      reject(new MeshError('io', `cannot ask the injector: ${cause.message}`, { cause }));
    const outgoing = request(
      {
        host,
        port,
        path: '/mutate-pod-creation',
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        ca: readFileSync(caFile),
        servername: 'localhost',
        agent: false,
        timeout: 20_000,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', fail);
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          if (response.statusCode !== 200)
            return fail(new Error(`${response.statusCode ?? 0} ${text.trim()}`));
          resolve(JSON.parse(text) as JsonObject);
        });
      },
    );
    outgoing.once('timeout', () => outgoing.destroy(new Error('timeout')));
    outgoing.once('error', fail);
    outgoing.end(body);
  });
}
