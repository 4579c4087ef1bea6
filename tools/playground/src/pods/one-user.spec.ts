import { emitBootstrap, emitInitScript, sidecarUid } from '@osm/injection';
import { describe, expect, it } from 'vitest';
import { markedBootstrap, markRules, proxyUid, withOneUser } from './one-user.ts';
import { parsePodSpec } from './pod-spec.ts';

const interception = {
  outboundPortExclusionList: [],
  inboundPortExclusionList: [],
  outboundIpRangeExclusionList: [],
  outboundIpRangeInclusionList: [],
  networkInterfaceExclusionList: [],
};
const script = emitInitScript({ interception, localProxyMode: 'PodIP', grpcProbePorts: [] });
const bootstrap = emitBootstrap({
  proxyUuid: 'c7b28ba1-ff4b-4a2a-8a2b-000000000001',
  identity: { namespace: 'shop', serviceAccount: 'cart' },
  trustDomain: 'cluster.local',
  xdsAddresses: [{ host: 'osm-controller.osm-system.svc', port: 15128 }],
  sidecar: undefined,
  probes: { http: [], grpc: [] },
});
const secret = new Map([
  ['bootstrap.yaml', Buffer.from(JSON.stringify(bootstrap))],
  ['cacert.pem', Buffer.from('pem')],
]);

describe('a pod where there is one user only', () => {
  it('differs in its rules by marks for owners, and in nothing else', () => {
    const marked = markRules(script).split('\n');
    const changed = script
      .split('\n')
      .flatMap((line, i) => (line === marked[i] ? [] : [marked[i]]));
    expect(marked).toHaveLength(script.split('\n').length);
    expect(changed).toEqual([
      '-A OSM_PROXY_OUTBOUND -o lo ! -d 127.0.0.1/32 -m mark --mark 1500 -j OSM_PROXY_IN_REDIRECT',
      '-A OSM_PROXY_OUTBOUND -o lo -m mark ! --mark 1500 -j RETURN',
      '-A OSM_PROXY_OUTBOUND -m mark --mark 1500 -j RETURN',
      '-I OUTPUT -p tcp -o lo -d 127.0.0.1/32 -m mark --mark 1500 -j DNAT --to-destination $POD_IP',
    ]);
  });

  it('differs in its bootstrap by the mark of all sockets to others, and in nothing else', () => {
    const files = markedBootstrap(secret);
    const marked: unknown = JSON.parse(files.get('bootstrap.yaml')?.toString() ?? '');
    const socketOptions = [{ level: 1, name: 36, int_value: 1500, state: 'STATE_PREBIND' }];
    expect(marked).toEqual({
      ...bootstrap,
      cluster_manager: { upstream_bind_config: { socket_options: socketOptions } },
    });
    expect(files.get('cacert.pem')).toBe(secret.get('cacert.pem'));
    expect(proxyUid).toBe(sidecarUid);
  });

  it('leaves Secrets without a bootstrap as they are', () => {
    const other = new Map([['password', Buffer.from('x')]]);
    expect(markedBootstrap(other)).toBe(other);
  });

  it('has no containers of other users', () => {
    const parsed = parsePodSpec({
      securityContext: { runAsUser: 7 },
      initContainers: [{ name: 'init', command: ['sh'], args: ['-c', script] }],
      containers: [{ name: 'envoy', securityContext: { runAsUser: 1500, runAsGroup: 1500 } }],
    });
    if (parsed.kind === 'error') throw new Error(parsed.error);
    const spec = withOneUser(parsed.value);
    expect(spec.containers).toMatchObject([{ name: 'envoy', uid: undefined, gid: undefined }]);
    expect(spec.initContainers[0]).toMatchObject({
      args: ['-c', markRules(script)],
      uid: undefined,
    });
  });
});
