import {
  defaultMeshSettings,
  type Interception,
  type MeshSettings,
  type Sidecar,
} from '@osm/model';
import { compareText } from '@osm/prelude';
import { durationMs, durationOrNoneMs } from '../fields/duration.ts';
import { maybe, object, optional, type Fields } from '../fields/object.ts';
import {
  below,
  fail,
  invalid,
  warn,
  type At,
  type Invalid,
  type Parser,
} from '../fields/parser.ts';
import { anything, bool, integer, isMap, list, oneOf, port, text } from '../fields/values.ts';
import type { KindParser } from './kind-parser.ts';
import { withSpec } from './metadata.ts';

const strict = { strict: true };

const logLevels = [
  'trace',
  'debug',
  'info',
  'warning',
  'warn',
  'error',
  'critical',
  'off',
] as const;

/** The level off without quotes is false for kubectl; OSM's own schema refused it written either way. */
const logLevel: Parser<string> = (value, at) =>
  oneOf(logLevels)(value === false ? 'off' : value, at);

const tlsVersion = oneOf(['TLS_AUTO', 'TLSv1_0', 'TLSv1_1', 'TLSv1_2', 'TLSv1_3']);

const cidr: Parser<string> = (value, at) => {
  const parsed = text(value, at);
  if (parsed === invalid) return invalid;
  const [address = '', length = '', ...rest] = parsed.split('/');
  const bytes = address.split('.');
  const isAddress =
    bytes.length === 4 && bytes.every((byte) => /^\d{1,3}$/.test(byte) && Number(byte) < 256);
  if (isAddress && rest.length === 0 && /^\d{1,2}$/.test(length) && Number(length) <= 32)
    return parsed;
  return fail(at, 'invalid_value', `must be an IPv4 range such as 10.0.0.0/8, not "${parsed}"`);
};

const enabled = object({ enable: optional(bool, false) });

const sidecar = {
  enablePrivilegedInitContainer: optional(bool, false),
  logLevel: maybe(logLevel),
  maxDataPlaneConnections: optional(integer(0, 2_147_483_647), 0),
  envoyImage: optional(text, ''),
  envoyWindowsImage: optional(text, ''),
  initContainerImage: optional(text, ''),
  resources: maybe(anything),
  configResyncInterval: optional(text, ''),
  tlsMinProtocolVersion: maybe(tlsVersion),
  tlsMaxProtocolVersion: maybe(tlsVersion),
  cipherSuites: optional(list(text), []),
  ecdhCurves: optional(list(text), []),
  localProxyMode: maybe(oneOf(['Localhost', 'PodIP'])),
  containerForm: maybe(oneOf(['Native', 'Classic'])),
  terminationDelay: maybe(durationOrNoneMs),
};

const traffic = {
  enableEgress: optional(bool, false),
  enablePermissiveTrafficPolicyMode: optional(bool, false),
  outboundIPRangeExclusionList: optional(list(cidr), []),
  outboundIPRangeInclusionList: optional(list(cidr), []),
  outboundPortExclusionList: optional(list(port), []),
  inboundPortExclusionList: optional(list(port), []),
  networkInterfaceExclusionList: optional(list(text), []),
  inboundExternalAuthorization: optional(enabled, { enable: false }),
};

const spec = {
  sidecar: maybe(object(sidecar, strict)),
  traffic: maybe(object(traffic, strict)),
  certificate: maybe(
    object(
      {
        serviceCertValidityDuration: maybe(durationMs),
        certKeyBitSize: maybe(integer(256, 16_384)),
        ingressGateway: maybe(anything),
      },
      strict,
    ),
  ),
  observability: maybe(
    object(
      {
        osmLogLevel: optional(text, ''),
        enableDebugServer: optional(bool, false),
        tracing: optional(enabled, { enable: false }),
      },
      strict,
    ),
  ),
  featureFlags: maybe(anything),
};

const shape = withSpec(spec);

/** osm-mesh-config of the mesh's namespace becomes MeshSettings; absent fields have defaultMeshSettings. */
export const parseMeshConfig: KindParser = (raw, { ref, scope, at }) => {
  if (ref.name !== 'osm-mesh-config' || ref.namespace !== scope.meshNamespace) {
    const where = `osm-mesh-config in the namespace ${scope.meshNamespace}`;
    warn(
      below(at, 'metadata'),
      'ignored_mesh_config',
      `is not that of this mesh, which reads only ${where}`,
    );
    return undefined;
  }
  const parsed = shape(raw, at);
  if (parsed === invalid) return invalid;
  const given = parsed.spec;
  const specAt = below(at, 'spec');
  warnUnsupported(given, specAt);
  const defaults = defaultMeshSettings(scope.trustDomain);
  const sidecarSettings = parseSidecar(given.sidecar, defaults.sidecar, below(specAt, 'sidecar'));
  if (sidecarSettings === invalid) return invalid;
  const value: MeshSettings = {
    ...defaults,
    permissive: given.traffic?.enablePermissiveTrafficPolicyMode ?? defaults.permissive,
    egress: given.traffic?.enableEgress ?? defaults.egress,
    sidecar: sidecarSettings,
    interception: parseInterception(given.traffic),
    certificate: {
      serviceCertValidityMs:
        given.certificate?.serviceCertValidityDuration ??
        defaults.certificate.serviceCertValidityMs,
      certKeyBitSize: given.certificate?.certKeyBitSize ?? defaults.certificate.certKeyBitSize,
    },
  };
  return { $case: 'meshSettings', value };
};

function parseSidecar(
  given: Fields<typeof sidecar> | undefined,
  defaults: Sidecar,
  at: At,
): Sidecar | Invalid {
  if (given === undefined) return defaults;
  const min = given.tlsMinProtocolVersion ?? defaults.tlsMinProtocolVersion;
  const max = given.tlsMaxProtocolVersion ?? defaults.tlsMaxProtocolVersion;
  // The names sort by age.
  if (min !== 'TLS_AUTO' && max !== 'TLS_AUTO' && min > max) {
    return fail(
      below(at, 'tlsMinProtocolVersion'),
      'invalid_value',
      `${min} must not be above ${max}`,
    );
  }
  return {
    logLevel: given.logLevel ?? defaults.logLevel,
    envoyImage: given.envoyImage,
    initContainerImage: given.initContainerImage,
    privilegedInitContainer: given.enablePrivilegedInitContainer,
    tlsMinProtocolVersion: min,
    tlsMaxProtocolVersion: max,
    cipherSuites: given.cipherSuites,
    ecdhCurves: given.ecdhCurves,
    localProxyMode: given.localProxyMode ?? defaults.localProxyMode,
    maxDataPlaneConnections: given.maxDataPlaneConnections,
    resourcesJson: given.resources === undefined ? '' : canonicalJson(given.resources),
    containerForm: given.containerForm ?? defaults.containerForm,
    terminationDelayMs: given.terminationDelay ?? defaults.terminationDelayMs,
  };
}

// The order of these lists is the order of the iptables rules that a user sees; it is kept.
function parseInterception(given: Fields<typeof traffic> | undefined): Interception {
  return {
    outboundIpRangeExclusionList: given?.outboundIPRangeExclusionList ?? [],
    outboundIpRangeInclusionList: given?.outboundIPRangeInclusionList ?? [],
    outboundPortExclusionList: given?.outboundPortExclusionList ?? [],
    inboundPortExclusionList: given?.inboundPortExclusionList ?? [],
    networkInterfaceExclusionList: given?.networkInterfaceExclusionList ?? [],
  };
}

/** Settings that change what the mesh does, and that it does not do yet. */
function warnUnsupported(given: Fields<typeof spec>, at: At): void {
  const text = 'is not supported yet and has no effect';
  if (given.traffic?.inboundExternalAuthorization.enable === true) {
    warn(below(below(at, 'traffic'), 'inboundExternalAuthorization'), 'unsupported_field', text);
  }
  if (given.observability?.tracing.enable === true) {
    warn(below(below(at, 'observability'), 'tracing'), 'unsupported_field', text);
  }
  if (given.certificate?.ingressGateway !== undefined) {
    warn(below(below(at, 'certificate'), 'ingressGateway'), 'unsupported_field', text);
  }
}

/** JSON with sorted keys: equal values are equal text. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    isMap(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => compareText(a, b)))
      : item,
  );
}
