import type { TlsSettings } from '@osm/policy';
import {
  CommonTlsContext,
  DownstreamTlsContext,
  packAny,
  SubjectAltNameMatcher_SanType,
  TlsParameters,
  TlsParameters_TlsProtocol,
  TransportSocket,
  UpstreamTlsContext,
} from '@osm/proto-envoy';
import { overAds } from './config-source.ts';
import { fixedNames, http2Alpn, meshAlpn } from './names.ts';

const identity = { name: fixedNames.identitySecret, sdsConfig: overAds };
const trust = { name: fixedNames.trustSecret, sdsConfig: overAds };

/** Client side: presents the proxy's identity and accepts only the named principals as servers. */
export function upstreamTls(options: {
  readonly sni: string;
  readonly serverPrincipals: readonly string[];
  readonly tls: TlsSettings;
  readonly hasProxylessServers?: true;
}): TransportSocket {
  const context = UpstreamTlsContext.fromPartial({
    sni: options.sni,
    commonTlsContext: CommonTlsContext.fromPartial({
      tlsParams: tlsParameters(options.tls),
      tlsCertificateSdsSecretConfigs: [identity],
      // A server of gRPC wants to hear HTTP/2; a sidecar takes the first that it knows.
      alpnProtocols: options.hasProxylessServers ? [meshAlpn, http2Alpn] : [meshAlpn],
      validationContextType: {
        $case: 'combinedValidationContext',
        value: {
          defaultValidationContext: {
            matchTypedSubjectAltNames: dnsNames(options.serverPrincipals),
          },
          validationContextSdsSecretConfig: trust,
        },
      },
    }),
  });
  return transportSocket(packAny(UpstreamTlsContext, context));
}

/**
 * Server side: any client of the mesh when `clientPrincipals` is undefined, else only these, refused in the handshake.
 *
 * To sidecars no ALPN protocol is offered: Envoy would take a negotiated "osm" as the HTTP codec's name and read HTTP/2 as HTTP/1.
 */
export function downstreamTls(
  tls: TlsSettings,
  clientPrincipals: readonly string[] | undefined,
  alpnProtocols: readonly string[] = [],
): TransportSocket {
  const context = DownstreamTlsContext.fromPartial({
    requireClientCertificate: true,
    commonTlsContext: CommonTlsContext.fromPartial({
      tlsParams: tlsParameters(tls),
      tlsCertificateSdsSecretConfigs: [identity],
      alpnProtocols: [...alpnProtocols],
      validationContextType:
        clientPrincipals === undefined
          ? { $case: 'validationContextSdsSecretConfig', value: trust }
          : {
              $case: 'combinedValidationContext',
              value: {
                defaultValidationContext: { matchTypedSubjectAltNames: dnsNames(clientPrincipals) },
                validationContextSdsSecretConfig: trust,
              },
            },
    }),
  });
  return transportSocket(packAny(DownstreamTlsContext, context));
}

function transportSocket(value: ReturnType<typeof packAny>): TransportSocket {
  return TransportSocket.fromPartial({ name: 'tls', configType: { $case: 'typedConfig', value } });
}

/** An empty list of matchers means "anybody" to Envoy, so it becomes a name that no certificate can carry. */
function dnsNames(principals: readonly string[]) {
  const names = principals.length === 0 ? ['nobody.invalid'] : principals;
  return names.map((name) => ({
    sanType: SubjectAltNameMatcher_SanType.DNS,
    matcher: { matchPattern: { $case: 'exact' as const, value: name } },
  }));
}

const protocolVersions: Readonly<Record<string, TlsParameters_TlsProtocol>> = {
  TLSv1_0: TlsParameters_TlsProtocol.TLSv1_0,
  TLSv1_1: TlsParameters_TlsProtocol.TLSv1_1,
  TLSv1_2: TlsParameters_TlsProtocol.TLSv1_2,
  TLSv1_3: TlsParameters_TlsProtocol.TLSv1_3,
};

/** Unknown versions mean "let Envoy choose", as TLS_AUTO does. */
function tlsParameters(tls: TlsSettings): TlsParameters {
  const version = (text: string) => protocolVersions[text] ?? TlsParameters_TlsProtocol.TLS_AUTO;
  return TlsParameters.fromPartial({
    tlsMinimumProtocolVersion: version(tls.minProtocolVersion),
    tlsMaximumProtocolVersion: version(tls.maxProtocolVersion),
    cipherSuites: [...tls.cipherSuites],
    ecdhCurves: [...tls.ecdhCurves],
  });
}
