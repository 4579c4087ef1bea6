import type { Certificate, Interception, MeshSettings, Sidecar } from './objects.ts';

/** Settings of which no group is missing: the protobuf type allows that, the catalog does not. */
export type CompleteMeshSettings = MeshSettings & {
  readonly sidecar: Sidecar;
  readonly interception: Interception;
  readonly certificate: Certificate;
};

/** What holds without a MeshConfig: deny by default, no egress (OSM's values for an empty object, TLS floor 1.2). */
export function defaultMeshSettings(trustDomain: string): CompleteMeshSettings {
  return {
    trustDomain,
    permissive: false,
    egress: false,
    sidecar: {
      logLevel: 'error',
      envoyImage: '',
      initContainerImage: '',
      privilegedInitContainer: false,
      tlsMinProtocolVersion: 'TLSv1_2',
      tlsMaxProtocolVersion: 'TLSv1_3',
      cipherSuites: [],
      ecdhCurves: [],
      localProxyMode: 'Localhost',
      maxDataPlaneConnections: 0,
      resourcesJson: '',
      containerForm: 'Native',
      terminationDelayMs: 5000,
    },
    interception: {
      outboundIpRangeExclusionList: [],
      outboundIpRangeInclusionList: [],
      outboundPortExclusionList: [],
      inboundPortExclusionList: [],
      networkInterfaceExclusionList: [],
    },
    certificate: { serviceCertValidityMs: 24 * 3600 * 1000, certKeyBitSize: 2048 },
  };
}
