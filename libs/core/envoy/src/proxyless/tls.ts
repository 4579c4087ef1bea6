import {
  CertificateValidationContext,
  CommonTlsContext,
  DownstreamTlsContext,
  packAny,
  TransportSocket,
  UpstreamTlsContext,
  type Any,
} from '@osm/proto-envoy';
import { certificateProvider } from '../names.ts';

// gRPC knows no SDS: certificates come from a provider of its bootstrap. It refuses a context with TLS parameters: MeshConfig's TLS
// versions and cipher suites do not reach it.

const provider = { instanceName: certificateProvider, certificateName: '' };

/** Client side: presents the pod's identity and accepts only the named principals as servers. */
export function proxylessUpstreamTls(serverPrincipals: readonly string[]): TransportSocket {
  const names = serverPrincipals.length === 0 ? ['nobody.invalid'] : serverPrincipals;
  // The typed matchers that Envoy wants are not read by gRPC; an exact text is a DNS name to it.
  const matchSubjectAltNames = names.map((name) => ({
    matchPattern: { $case: 'exact' as const, value: name },
  }));
  const context = UpstreamTlsContext.fromPartial({
    commonTlsContext: tlsContext(
      CertificateValidationContext.fromPartial({
        caCertificateProviderInstance: provider,
        matchSubjectAltNames,
      }),
    ),
  });
  return transportSocket(packAny(UpstreamTlsContext, context));
}

/** Server side: any client of the mesh; what it may do is up to the filters. */
export function proxylessDownstreamTls(): TransportSocket {
  const context = DownstreamTlsContext.fromPartial({
    requireClientCertificate: true,
    commonTlsContext: tlsContext(
      CertificateValidationContext.fromPartial({ caCertificateProviderInstance: provider }),
    ),
  });
  return transportSocket(packAny(DownstreamTlsContext, context));
}

function tlsContext(value: CertificateValidationContext): CommonTlsContext {
  return CommonTlsContext.fromPartial({
    tlsCertificateProviderInstance: provider,
    validationContextType: { $case: 'validationContext', value },
  });
}

/** gRPC insists on the name. */
function transportSocket(value: Any): TransportSocket {
  return TransportSocket.fromPartial({
    name: 'envoy.transport_sockets.tls',
    configType: { $case: 'typedConfig', value },
  });
}
