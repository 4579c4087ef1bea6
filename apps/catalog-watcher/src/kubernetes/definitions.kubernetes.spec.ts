import { openApiServer, resourcePath, resourceTypes, type ResourceType } from '@osm/kubernetes';
import { MeshError } from '@osm/prelude';
import { describe, expect, it } from 'vitest';
import { osmManifests } from '../../testing/manifests.ts';

const server = openApiServer();

interface Written {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: unknown;
}

/** Asks the API server to look at an object as if to store it; a field that the schema does not have is an error, too. */
async function dryRun(object: Written): Promise<string> {
  const found = Object.values(resourceTypes).find(({ kind }) => kind === object.kind);
  if (found === undefined) throw new Error(`no type ${object.kind}`);
  const version = object.apiVersion.split('/')[1] ?? '';
  const type: ResourceType = { ...found, version };
  const namespace = 'default';
  try {
    await server.ask({
      method: 'POST',
      path: resourcePath(type, { namespace }),
      query: { dryRun: 'All', fieldValidation: 'Strict' },
      body: { ...object, metadata: { ...object.metadata, namespace } },
    });
    return 'accepted';
  } catch (thrown) {
    return MeshError.from(thrown).message;
  }
}

const of = (apiVersion: string, kind: string, spec: unknown): Written => ({
  apiVersion,
  kind,
  metadata: { name: 'x' },
  spec,
});
const policy = 'policy.openservicemesh.io/v1alpha1';
const config = 'config.openservicemesh.io/v1alpha2';
const account = { kind: 'ServiceAccount', name: 'a', namespace: 'shop' };

describe('the definitions take what users of OSM have', () => {
  it.each(osmManifests())('$id', async ({ raw }) => {
    expect(await dryRun(raw as Written)).toBe('accepted');
  });
});

describe('the definitions refuse, and say what is wrong with', () => {
  const target = { destination: account, sources: [account], rules: [] };
  const backend = { name: 'store', port: { number: 80, protocol: 'http' } };
  const ingress = { backends: [backend], sources: [{ kind: 'IPRange', name: '10.0.0.0/8' }] };
  const egress = { sources: [account], ports: [{ number: 80, protocol: 'http' }] };
  const retry = {
    source: account,
    destinations: [{ kind: 'Service', name: 'store', namespace: 'shop' }],
    retryPolicy: {
      retryOn: '5xx',
      perTryTimeout: '1s',
      numRetries: 1,
      retryBackoffBaseInterval: '1s',
    },
  };
  const provider = { tresor: { ca: { secretRef: { name: 'a', namespace: 'b' } } } };
  const wrong: readonly (readonly [string, Written, string])[] = [
    [
      'a target without sources',
      of('access.smi-spec.io/v1alpha3', 'TrafficTarget', { ...target, sources: undefined }),
      'spec.sources: Required value',
    ],
    [
      'a target for a Group',
      of('access.smi-spec.io/v1alpha2', 'TrafficTarget', {
        ...target,
        destination: { ...account, kind: 'Group' },
      }),
      'supported values: "ServiceAccount"',
    ],
    [
      'a method that HTTP does not have',
      of('specs.smi-spec.io/v1alpha4', 'HTTPRouteGroup', {
        matches: [{ name: 'x', methods: ['FETCH'] }],
      }),
      'spec.matches[0].methods[0]: Unsupported value: "FETCH"',
    ],
    [
      'a TCPRoute without ports',
      of('specs.smi-spec.io/v1alpha4', 'TCPRoute', {}),
      'spec.matches: Required value',
    ],
    [
      'a negative weight',
      of('split.smi-spec.io/v1alpha2', 'TrafficSplit', {
        service: 'a',
        backends: [{ service: 'b', weight: -1 }],
      }),
      'spec.backends[0].weight',
    ],
    [
      'ingress of another protocol',
      of(policy, 'IngressBackend', {
        ...ingress,
        backends: [{ ...backend, port: { number: 80, protocol: 'tcp' } }],
      }),
      'spec.backends[0].port.protocol: Unsupported value: "tcp"',
    ],
    [
      'ingress from a Service without namespace',
      of(policy, 'IngressBackend', { ...ingress, sources: [{ kind: 'Service', name: 'x' }] }),
      'a source of kind Service needs a namespace',
    ],
    [
      'ingress from a Pod',
      of(policy, 'IngressBackend', { ...ingress, sources: [{ kind: 'Pod', name: 'x' }] }),
      'spec.sources[0].kind: Unsupported value: "Pod"',
    ],
    [
      'egress of another protocol',
      of(policy, 'Egress', { ...egress, ports: [{ number: 53, protocol: 'udp' }] }),
      'spec.ports[0].protocol: Unsupported value: "udp"',
    ],
    [
      'egress to half a range',
      of(policy, 'Egress', { ...egress, ipAddresses: ['10.0.0.0'] }),
      'spec.ipAddresses[0]',
    ],
    [
      'a retry of a Pod',
      of(policy, 'Retry', { ...retry, source: { ...account, kind: 'Pod' } }),
      'spec.source.kind: Unsupported value: "Pod"',
    ],
    [
      'a limit per day',
      of(policy, 'UpstreamTrafficSetting', {
        host: 'a',
        rateLimit: { local: { http: { requests: 1, unit: 'day' } } },
      }),
      'spec.rateLimit.local.http.unit: Unsupported value: "day"',
    ],
    [
      'two providers of one root',
      of(config, 'MeshRootCertificate', {
        provider: {
          ...provider,
          certManager: { issuerName: 'a', issuerKind: 'Issuer', issuerGroup: 'c' },
        },
      }),
      'spec.provider',
    ],
    [
      'a role that does not exist',
      of(config, 'MeshRootCertificate', { role: 'main', provider }),
      'spec.role: Unsupported value: "main"',
    ],
    [
      'TLS from above to below',
      of(config, 'MeshConfig', {
        sidecar: { tlsMinProtocolVersion: 'TLSv1_3', tlsMaxProtocolVersion: 'TLSv1_2' },
      }),
      'tlsMinProtocolVersion must not be above tlsMaxProtocolVersion',
    ],
    [
      'a port beyond all ports',
      of(config, 'ExtensionService', { host: 'a', port: 70_000 }),
      'spec.port',
    ],
    [
      'a field that nobody knows',
      of(policy, 'Telemetry', { accesslog: {} }),
      'unknown field "spec.accesslog"',
    ],
  ];
  it.each(wrong)('%s', async (_what, object, message) => {
    expect(await dryRun(object)).toContain(message);
  });
});
