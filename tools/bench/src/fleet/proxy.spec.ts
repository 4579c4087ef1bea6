import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { emitUpstream } from '@osm/envoy';
import {
  AggregatedDiscoveryServiceDefinition,
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  typeUrls,
} from '@osm/proto-envoy/discovery';
import { createContentCache } from './contents.ts';
import { createNames } from './names.ts';
import { createProxy, type Proxy } from './proxy.ts';
import { createRequestEncoder } from './requests.ts';

const { deltaAggregatedResources } = AggregatedDiscoveryServiceDefinition.methods;
const [cluster, assignment] = emitUpstream({
  key: 'cluster.ns.svc.8080.all',
  service: { namespace: 'ns', name: 'svc' },
  targetPort: 8080,
  sni: 'svc.ns.svc.cluster.local',
  serverPrincipals: ['svc.ns.cluster.local'],
  endpoints: [{ ip: '10.0.0.1', port: 8080 }],
  choice: 'proxy',
  tls: {
    minProtocolVersion: 'TLSv1_2',
    maxProtocolVersion: 'TLSv1_3',
    cipherSuites: [],
    ecdhCurves: [],
  },
}).bundle.resources;
const secrets = ['identity', 'trust'].map((name) => ({
  typeUrl: typeUrls.secret,
  name,
  version: '1',
  body: Buffer.from(name),
}));
const resources = [cluster, assignment, ...secrets].filter((one) => one !== undefined);

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.forceShutdown();
});

type Stream = ServerDuplexStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;

/** Answers each question once with all it has of a type. */
async function startStubServer(port = 0) {
  const requests: DeltaDiscoveryRequest[] = [];
  const streams: Stream[] = [];
  const push = (stream: Stream, typeUrl: string): void => {
    stream.write(
      DeltaDiscoveryResponse.fromPartial({
        typeUrl,
        nonce: `${requests.length}`,
        resources: resources
          .filter((one) => one.typeUrl === typeUrl)
          .map(({ name, version, body }) => ({
            name,
            version,
            resource: { typeUrl, value: body },
          })),
      }),
    );
  };
  const server = new Server();
  servers.push(server);
  server.addService(
    {
      delta: {
        path: `/${AggregatedDiscoveryServiceDefinition.fullName}/${deltaAggregatedResources.name}`,
        requestStream: true,
        responseStream: true,
        requestDeserialize: DeltaDiscoveryRequest.decode,
        requestSerialize: (message: DeltaDiscoveryRequest) =>
          Buffer.from(DeltaDiscoveryRequest.encode(message).finish()),
        responseDeserialize: DeltaDiscoveryResponse.decode,
        responseSerialize: (message: DeltaDiscoveryResponse) =>
          Buffer.from(DeltaDiscoveryResponse.encode(message).finish()),
      },
    },
    {
      delta: (stream: Stream) => {
        streams.push(stream);
        stream.on('data', (request: DeltaDiscoveryRequest) => {
          requests.push(request);
          if (request.responseNonce === '') push(stream, request.typeUrl);
        });
        stream.on('error', () => undefined);
      },
    },
  );
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, got) =>
      error ? reject(error) : resolve(got),
    );
  });
  return { port: bound, requests, streams, push, stop: () => server.forceShutdown() };
}

function startProxy(port: number): { readonly proxy: Proxy; readonly next: () => Promise<void> } {
  let wake: () => void = () => undefined;
  const names = createNames();
  const proxy = createProxy({
    address: `127.0.0.1:${port}`,
    serverName: 'ads',
    identity: { uuid: 'u', namespace: 'ns', serviceAccount: 'sa', keyPem: '', chainPem: '' },
    credentials: undefined,
    cache: createContentCache(names),
    names,
    encode: createRequestEncoder(),
    onResponse: () => wake(),
    onProblem: () => undefined,
  });
  proxy.connect();
  const next = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  return { proxy, next };
}

async function until(next: () => Promise<void>, test: () => boolean): Promise<void> {
  while (!test()) await next();
}

describe('createProxy', () => {
  it('completes against a server, says who it is once, and counts what it got', async () => {
    const server = await startStubServer();
    const { proxy, next } = startProxy(server.port);
    await until(next, () => proxy.model.complete());
    expect(server.requests.filter((request) => request.node !== undefined)).toHaveLength(1);
    expect(server.requests[0]?.node).toMatchObject({ id: 'u', cluster: 'sa.ns' });
    const asked = server.requests.filter((request) => request.responseNonce === '');
    expect(asked.map((request) => request.typeUrl)).toEqual([
      typeUrls.cluster,
      typeUrls.endpoint,
      typeUrls.secret,
      typeUrls.listener,
    ]);
    const traffic = proxy.takeTraffic();
    expect(traffic.responses).toBe(4);
    expect(traffic.bytes).toBeGreaterThan(
      resources.reduce((sum, resource) => sum + resource.body.length, 0),
    );
    expect(proxy.takeTraffic()).toEqual({ bytes: 0, responses: 0, repeatedAssignments: 0 });
  });

  it('tells an assignment that came again from a new one', async () => {
    const server = await startStubServer();
    const { proxy, next } = startProxy(server.port);
    await until(next, () => proxy.model.complete());
    expect(proxy.takeTraffic().repeatedAssignments).toBe(0);
    const arrival = next();
    const [stream] = server.streams;
    if (stream === undefined) throw new Error('no stream');
    server.push(stream, typeUrls.endpoint);
    await arrival;
    expect(proxy.takeTraffic()).toMatchObject({ responses: 1, repeatedAssignments: 1 });
  });

  it('comes back after its server was gone, with the versions that it has', async () => {
    const first = await startStubServer();
    const { proxy, next } = startProxy(first.port);
    await until(next, () => proxy.model.complete());
    first.stop();
    const second = await startStubServer(first.port);
    await until(next, () => second.requests.some((request) => request.typeUrl === typeUrls.secret));
    const asked = second.requests.find((request) => request.typeUrl === typeUrls.endpoint);
    expect(asked?.resourceNamesSubscribe).toEqual(['ns/svc|8080']);
    expect(Object.keys(asked?.initialResourceVersions ?? {})).toEqual(['ns/svc|8080']);
  });
});
