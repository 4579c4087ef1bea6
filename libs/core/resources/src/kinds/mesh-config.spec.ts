import { defaultMeshSettings } from '@osm/model';
import { describe, expect, it } from 'vitest';
import { parseOne, type ParsedOne } from '../../testing/parse-one.ts';

const meshConfig = (spec: string, version = 'v1alpha2', name = 'osm-mesh-config'): ParsedOne =>
  parseOne(`
apiVersion: config.openservicemesh.io/${version}
kind: MeshConfig
metadata: {name: ${name}, namespace: osm-system}
spec: ${spec}
`);

const defaults = defaultMeshSettings('cluster.local');

describe('MeshConfig', () => {
  it.each(['v1alpha2', 'v1alpha1'])('has defaults for what it leaves out, as %s', (version) => {
    expect(meshConfig('{}', version)).toEqual({ value: defaults, told: [], refused: false });
    expect(meshConfig('{sidecar: {}, traffic: {}, certificate: {}}', version).value).toEqual(
      defaults,
    );
  });

  it('becomes settings', () => {
    expect(
      meshConfig(`
  sidecar:
    enablePrivilegedInitContainer: true
    logLevel: debug
    maxDataPlaneConnections: 5
    envoyImage: envoy:1
    envoyWindowsImage: w
    initContainerImage: init:1
    resources: {requests: {memory: 1M, cpu: 1}, limits: {cpu: 2}}
    configResyncInterval: 0s
    tlsMinProtocolVersion: TLSv1_3
    tlsMaxProtocolVersion: TLS_AUTO
    cipherSuites: [B, A]
    ecdhCurves: [P-256]
    localProxyMode: PodIP
    containerForm: Classic
    terminationDelay: 0s
  traffic:
    enableEgress: true
    enablePermissiveTrafficPolicyMode: true
    outboundIPRangeExclusionList: [10.0.0.0/8]
    outboundIPRangeInclusionList: [0.0.0.0/0]
    outboundPortExclusionList: [22, 21]
    inboundPortExclusionList: [9]
    networkInterfaceExclusionList: [eth1]
    inboundExternalAuthorization: {enable: false, address: a}
  observability: {osmLogLevel: info, enableDebugServer: true, tracing: {enable: false, port: 1}}
  certificate: {serviceCertValidityDuration: 1h30m, certKeyBitSize: 4096}
  featureFlags: {enableRetryPolicy: true}
`),
    ).toEqual({
      value: {
        trustDomain: 'cluster.local',
        permissive: true,
        egress: true,
        sidecar: {
          logLevel: 'debug',
          envoyImage: 'envoy:1',
          initContainerImage: 'init:1',
          privilegedInitContainer: true,
          tlsMinProtocolVersion: 'TLSv1_3',
          tlsMaxProtocolVersion: 'TLS_AUTO',
          cipherSuites: ['B', 'A'],
          ecdhCurves: ['P-256'],
          localProxyMode: 'PodIP',
          maxDataPlaneConnections: 5,
          resourcesJson: '{"limits":{"cpu":2},"requests":{"cpu":1,"memory":"1M"}}',
          containerForm: 'Classic',
          terminationDelayMs: 0,
        },
        interception: {
          outboundIpRangeExclusionList: ['10.0.0.0/8'],
          outboundIpRangeInclusionList: ['0.0.0.0/0'],
          outboundPortExclusionList: [22, 21],
          inboundPortExclusionList: [9],
          networkInterfaceExclusionList: ['eth1'],
        },
        certificate: { serviceCertValidityMs: 5_400_000, certKeyBitSize: 4096 },
      },
      told: [],
      refused: false,
    });
  });

  it.each([
    ['off', 'off'],
    ['"off"', 'off'],
    ['false', 'off'],
    ['critical', 'critical'],
  ])('reads the log level %s', (text, level) => {
    expect(meshConfig(`{sidecar: {logLevel: ${text}}}`).value).toMatchObject({
      sidecar: { logLevel: level },
    });
  });

  it.each([
    ['yes', true],
    ['on', true],
    ['"Off"', false],
  ])('reads the boolean %s as kubectl does', (text, egress) => {
    expect(meshConfig(`{traffic: {enableEgress: ${text}}}`).value).toMatchObject({ egress });
  });

  it.each([
    [
      '{sidecar: {logLevel: loud}}',
      'spec.sidecar.logLevel must not be the text "loud"; use one of trace',
    ],
    [
      '{sidecar: {tlsMinProtocolVersion: TLSv1_3, tlsMaxProtocolVersion: TLSv1_2}}',
      'TLSv1_3 must not be above TLSv1_2',
    ],
    ['{sidecar: {localProxyMode: podip}}', 'write PodIP'],
    ['{traffic: {enableEgress: 1}}', 'spec.traffic.enableEgress must be true or false, not 1'],
    ['{traffic: {outboundIPRangeExclusionList: [10.0.0.0]}}', 'must be an IPv4 range such as'],
    ['{traffic: {outboundIPRangeExclusionList: [10.0.0.256/8]}}', 'must be an IPv4 range such as'],
    ['{traffic: {outboundIPRangeExclusionList: [10.0.0.0/33]}}', 'must be an IPv4 range such as'],
    [
      '{traffic: {inboundPortExclusionList: [65536]}}',
      'inboundPortExclusionList[0] must be a whole',
    ],
    ['{certificate: {serviceCertValidityDuration: 1d}}', 'must be a duration such as 24h'],
    ['{certificate: {serviceCertValidityDuration: 0s}}', 'must be longer than zero'],
  ])('refuses %s', (spec, message) => {
    const { value, told, refused } = meshConfig(spec);
    expect([value, refused]).toEqual([undefined, true]);
    expect(told).toEqual([expect.stringContaining(message)]);
  });

  it('says what has no effect yet', () => {
    const { value, told } = meshConfig(
      '{traffic: {inboundExternalAuthorization: {enable: true}}, observability: {tracing: {enable: true}}, certificate: {ingressGateway: {}}}',
    );
    expect(value).toBeDefined();
    expect(told.map((text) => text.split(' ')[3])).toEqual([
      'spec.traffic.inboundExternalAuthorization',
      'spec.observability.tracing',
      'spec.certificate.ingressGateway',
    ]);
  });

  it('names fields that it does not know', () => {
    expect(
      meshConfig('{traffic: {enablePermissiveTrafficPolicy: true, enableEgres: true}}').told,
    ).toEqual([
      expect.stringMatching(/spec\.traffic\.enableEgres is not .*; did you mean enableEgress\?$/),
      expect.stringMatching(/spec\.traffic\.enablePermissiveTrafficPolicy is not .*; remove it$/),
    ]);
  });

  it('is that of this mesh only', () => {
    expect(meshConfig('{}', 'v1alpha2', 'mine')).toEqual({
      value: undefined,
      told: [
        'ignored_mesh_config: MeshConfig osm-system/mine: metadata is not that of this mesh, which reads only osm-mesh-config in the namespace osm-system',
      ],
      refused: false,
    });
  });
});
