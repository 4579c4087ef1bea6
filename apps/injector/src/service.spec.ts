import { X509Certificate } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import { TLSSocket } from 'node:tls';
import type { Bus } from '@osm/bus';
import { createMemoryBus, type MemoryBusHub } from '@osm/bus/testing';
import jsonPatch, { type Operation } from 'fast-json-patch';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startFakeSigner, type FakeSigner } from '../testing/fake-signer.ts';
import {
  publishCatalog,
  startInjector,
  type InjectorOptions,
  type RunningInjector,
} from '../testing/injector.ts';
import { createFakeClock } from '@osm/testkit';

let hub: MemoryBusHub;
let others: Bus;
let end: AbortController;
let signer: FakeSigner;
let injector: RunningInjector;
let catalog: ReturnType<typeof publishCatalog>;

beforeEach(async () => {
  hub = createMemoryBus();
  others = hub.connect();
  end = new AbortController();
  signer = await startFakeSigner(others, end.signal);
});
afterEach(async () => {
  await injector.stop();
  end.abort();
  await others.close();
});

async function serve(options: Partial<InjectorOptions> = {}): Promise<string> {
  injector = startInjector(hub, { webhookTls: false, ...options });
  catalog = publishCatalog(others);
  await vi.waitFor(() => expect(injector.readiness.missing()).toEqual(new Map()));
  return `${await injector.address()}/mutate-pod-creation`;
}

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'bookstore' },
  spec: { serviceAccountName: 'bookstore', containers: [{ name: 'app', image: 'a' }] },
};

function review(object: unknown, parts: { namespace?: string; dryRun?: boolean } = {}): string {
  const request = { uid: 'u', kind: { kind: 'Pod' }, namespace: 'shop', object, ...parts };
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });
}

interface Answer {
  readonly uid: string;
  readonly allowed: boolean;
  readonly patch?: string;
  readonly status?: { readonly message: string };
}

async function post(url: string, body: string, type = 'application/json') {
  const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': type } });
  const text = await response.text();
  return { status: response.status, text };
}

async function ask(url: string, body: string): Promise<Answer> {
  const { text } = await post(url, body);
  const parsed = JSON.parse(text) as { apiVersion: string; kind: string; response: Answer };
  expect(parsed).toMatchObject({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' });
  return parsed.response;
}

function patched(answer: Answer): typeof pod & { metadata: { labels: Record<string, string> } } {
  const patch = JSON.parse(Buffer.from(answer.patch ?? '', 'base64').toString()) as Operation[];
  return jsonPatch.applyPatch(structuredClone(pod), patch).newDocument as never;
}

describe('the injector', () => {
  it('patches a pod, and writes a bootstrap Secret with a certificate for that proxy', async () => {
    const answer = await ask(await serve(), review(pod));
    expect(answer).toMatchObject({ uid: 'u', allowed: true, patchType: 'JSONPatch' });
    const result = patched(answer);
    expect(result.spec.containers.map((container) => container.name)).toEqual(['app', 'envoy']);
    const uuid = result.metadata.labels['osm-proxy-uuid'];
    expect(injector.secrets).toMatchObject([
      { metadata: { name: `envoy-bootstrap-config-${uuid}`, namespace: 'shop' } },
    ]);
    const data = injector.secrets[0]?.['data'] as Record<string, string>;
    const leaf = new X509Certificate(Buffer.from(data['sds_cert.pem'] ?? '', 'base64'));
    expect(leaf.subjectAltName).toContain(`DNS:${uuid}.sidecar.bookstore.shop.cluster.local`);
    expect(leaf.verify(new X509Certificate(signer.rootPem).publicKey)).toBe(true);
    const { body } = await injector.metrics.render();
    expect(body).toContain('osm_admission_webhook_response_total{kind="Pod",success="true"} 1\n');
    expect(body).toContain('osm_cert_issued_count 1\n');
  });

  it('gives every request a UUID of its own', async () => {
    const url = await serve();
    const answers = await Promise.all([ask(url, review(pod)), ask(url, review(pod))]);
    const uuids = answers.map((answer) => patched(answer).metadata.labels['osm-proxy-uuid']);
    expect(new Set(uuids).size).toBe(2);
  });

  it('leaves no trace of a dry run', async () => {
    const answer = await ask(await serve(), review(pod, { dryRun: true }));
    expect(patched(answer).spec.containers).toHaveLength(2);
    expect(injector.secrets).toEqual([]);
    expect(signer.requests).toEqual([]);
  });

  it('gives a copy of an injected pod a certificate and Secret of its own', async () => {
    const url = await serve();
    const original = patched(await ask(url, review(pod)));
    // As `kubectl debug --copy-to`: without labels.
    const copy = { ...original, metadata: { name: 'copy' } };
    expect((await ask(url, review(copy))).allowed).toBe(true);
    const [first, second] = injector.secrets.map(
      (secret) => secret['data'] as Record<string, string>,
    );
    const bootstrapOf = (data: Record<string, string> | undefined): string =>
      Buffer.from(data?.['bootstrap.yaml'] ?? '', 'base64').toString();
    const uuid = original.metadata.labels['osm-proxy-uuid'] ?? '';
    expect(bootstrapOf(first)).toContain(uuid);
    expect(bootstrapOf(second)).not.toContain(uuid);
    expect(second?.['sds_cert.pem']).not.toBe(first?.['sds_cert.pem']);
  });

  it('takes a pod with the label of another one for a copy, once that one exists', async () => {
    const url = await serve();
    const original = patched(await ask(url, review(pod)));
    injector.own({ kind: 'Pod', name: 'bookstore' });
    const copy = await ask(url, review(original));
    expect(copy.patch).toBeDefined();
    expect(injector.secrets).toHaveLength(2);
  });

  it('has nothing to add to a pod that it is asked about again', async () => {
    const url = await serve();
    const original = patched(await ask(url, review(pod)));
    for (const dryRun of [false, true]) {
      expect(await ask(url, review(original, { dryRun }))).toEqual({ uid: 'u', allowed: true });
    }
    expect(injector.secrets).toHaveLength(1);
    expect(signer.requests).toHaveLength(1);
  });

  it('adds the probes of a container that came later to the bootstrap, with the same certificate', async () => {
    const url = await serve();
    const original = patched(await ask(url, review(pod)));
    const later = { name: 'later', image: 'l', livenessProbe: { httpGet: { port: 7000 } } };
    const spec = { ...original.spec, containers: [...original.spec.containers, later] };
    await ask(url, review({ ...original, spec }));
    const [first, second, ...others] = injector.secrets.map(
      (secret) => secret['data'] as Record<string, string>,
    );
    expect(others).toEqual([]);
    expect(atob(second?.['bootstrap.yaml'] ?? '')).toContain('later_liveness_cluster');
    expect({ ...second, 'bootstrap.yaml': '' }).toEqual({ ...first, 'bootstrap.yaml': '' });
  });

  it('makes native sidecars where the cluster has them', async () => {
    const abilities = { nativeSidecars: true, sleepAction: true };
    const result = patched(await ask(await serve({ abilities }), review(pod)));
    expect(result.spec.containers.map(({ name }) => name)).toEqual(['app']);
    expect(result.spec).toMatchObject({
      initContainers: [{ name: 'osm-init' }, { name: 'envoy', restartPolicy: 'Always' }],
    });
  });

  it('denies a copy whose original left no Secret', async () => {
    const url = await serve();
    const original = patched(await ask(url, review(pod, { dryRun: true })));
    const { status } = await ask(url, review(original));
    expect(status?.message).toMatch(/copy of one with a sidecar.*original manifest/);
  });

  it('lets pods of other namespaces pass as they are', async () => {
    const answer = await ask(await serve(), review(pod, { namespace: 'elsewhere' }));
    expect(answer).toEqual({ uid: 'u', allowed: true });
  });

  it('waits for a namespace that the API server knows of and the catalog does not yet', async () => {
    const url = await serve({ asksForMembersOnly: true });
    const answer = ask(url, review(pod, { namespace: 'new' }));
    catalog.add('new');
    expect(patched(await answer).spec.containers.map(({ name }) => name)).toContain('envoy');
  });

  it('denies when the catalog does not hear of the namespace: the pod would be outside the mesh', async () => {
    const clock = createFakeClock(Date.now());
    const url = await serve({ asksForMembersOnly: true, clock });
    let message: string | undefined;
    void ask(url, review(pod, { namespace: 'elsewhere' })).then(({ status }) => {
      message = status?.message;
    });
    await vi.waitFor(() => {
      clock.advance(3_000);
      expect(message).toContain('namespace elsewhere has the label of this mesh');
    });
  });

  it('denies with the reason: a wrong annotation, a refused certificate', async () => {
    const url = await serve();
    const annotations = { 'openservicemesh.io/sidecar-injection': 'maybe' };
    const wrong = await ask(url, review({ ...pod, metadata: { annotations } }));
    expect(wrong.allowed).toBe(false);
    expect(wrong.status?.message).toContain('"maybe" is none of');
    signer.refuse('not today');
    const refused = await ask(url, review(pod));
    expect(refused.status?.message).toContain('not today');
    expect(injector.secrets).toEqual([]);
    const { body } = await injector.metrics.render();
    expect(body).toContain('osm_admission_webhook_response_total{kind="Pod",success="false"} 2\n');
  });

  it('answers what is no admission request with the statuses of OSM', async () => {
    const url = await serve();
    expect((await post(url, 'x', 'text/plain')).status).toBe(415);
    expect((await post(url, '')).status).toBe(400);
    expect((await fetch(url)).status).toBe(405);
    expect((await post(new URL('/elsewhere', url).href, '{}')).status).toBe(404);
    expect((await ask(url, '{}')).allowed).toBe(false);
    expect((await ask(url, 'no JSON')).allowed).toBe(false);
  });

  it('answers 503 until it knows the catalog', async () => {
    injector = startInjector(hub, { webhookTls: false });
    const url = `${await injector.address()}/mutate-pod-creation`;
    expect((await post(url, review(pod))).status).toBe(503);
    expect([...injector.readiness.missing().keys()]).toEqual(['catalog']);
  });
});

describe('the webhook over TLS', () => {
  it('shows the certificate of osm-injector, and a new one for every trust bundle', async () => {
    const url = await serve({ webhookTls: true });
    const first = await certificateOf(url);
    expect(first.subjectAltName).toBe(
      'DNS:osm-injector.cluster.local, DNS:osm-injector.osm-system.svc, DNS:localhost',
    );
    signer.publish('second');
    await vi.waitFor(async () =>
      expect((await certificateOf(url)).serialNumber).not.toBe(first.serialNumber),
    );
  });
});

/** The certificate that a client gets which trusts the mesh's root and calls the webhook's Service. */
function certificateOf(url: string): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const call = httpsRequest(url, {
      method: 'GET',
      ca: signer.rootPem,
      servername: 'osm-injector.osm-system.svc',
      agent: false,
    });
    call.on('error', reject);
    call.on('response', (response) => {
      const certificate =
        response.socket instanceof TLSSocket ? response.socket.getPeerX509Certificate() : undefined;
      response.resume();
      if (certificate === undefined) reject(new Error('no certificate'));
      else resolve(certificate);
    });
    call.end();
  });
}
