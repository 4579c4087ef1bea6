import { severityOf, type Diagnostic, type DiagnosticCode, type ObjectRef } from '@osm/model';
import { nameOf, namespaceOf, type NamespacedName } from './names.ts';

/**
 * Every code that this package reports, with its severity and meaning: mistakes that only show between objects. What is wrong with one
 * object by itself is found when it is read (@osm/resources). Codes are stable; docs/diagnostics.md lists them.
 */
export const policyDiagnosticCodes = {
  no_rules: { severity: 'warning', meaning: 'A TrafficTarget has no rules and grants nothing.' },
  route_group_missing: {
    severity: 'error',
    meaning: 'A rule names an HTTPRouteGroup that does not exist; the rule grants nothing.',
  },
  route_match_missing: {
    severity: 'error',
    meaning: 'A rule names a match that its HTTPRouteGroup does not have; the other matches hold.',
  },
  matches_omitted: {
    severity: 'warning',
    meaning: 'A rule names no matches of its HTTPRouteGroup and selects nothing.',
  },
  tcp_route_missing: {
    severity: 'error',
    meaning: 'A rule names a TCPRoute that does not exist; the rule grants nothing.',
  },
  ports_without_effect: {
    severity: 'warning',
    meaning: 'The TCPRoutes of a TrafficTarget name no target port on which its rules could count.',
  },
  rules_without_port: {
    severity: 'warning',
    meaning:
      'A TrafficTarget has HTTP rules only, and its destination serves TCP only, or the other way round.',
  },
  account_unknown: {
    severity: 'warning',
    meaning: 'A TrafficTarget names a service account that the mesh does not have.',
  },
  port_protocol_conflict: {
    severity: 'error',
    meaning:
      'Two ports of a service lead to one target port, one with HTTP and one with TCP; HTTP counts.',
  },
  named_port_missing: {
    severity: 'error',
    meaning: 'A port of a service leads to a named container port that none of its pods has.',
  },
  address_shared: {
    severity: 'warning',
    meaning:
      'Two services are dialled at the same address and port; clients that may call both reach the first by name.',
  },
  service_outside_mesh: {
    severity: 'warning',
    meaning:
      'A service without selector has endpoints outside the mesh only, and traffic to there is off (MeshConfig enableEgress).',
  },
  endpoints_outside_mesh: {
    severity: 'warning',
    meaning:
      'A service without selector has pods of the mesh as endpoints, and others, which are not called.',
  },
  split_ignored: {
    severity: 'error',
    meaning: 'Several TrafficSplits have one root service; the first by name counts.',
  },
  split_root_missing: {
    severity: 'error',
    meaning: 'The root service of a TrafficSplit does not exist.',
  },
  split_root_without_pods: {
    severity: 'warning',
    meaning:
      'The root service of a TrafficSplit selects no pods, so that under enforced policy nobody can call it.',
  },
  split_backend_missing: {
    severity: 'error',
    meaning: 'A backend of a TrafficSplit does not exist; the weights of the others hold.',
  },
  split_backend_port_missing: {
    severity: 'warning',
    meaning:
      'A backend of a TrafficSplit lacks a port of the root service; on that port the weights of the others hold.',
  },
  split_without_weight: {
    severity: 'warning',
    meaning: 'All weights of a TrafficSplit are 0; its root service answers 503.',
  },
  split_backend_forbidden: {
    severity: 'warning',
    meaning:
      'Clients may call the root of a TrafficSplit but not all of its backends; those shares get 503.',
  },
  proxy_shared: {
    severity: 'error',
    meaning: 'Two pods have one proxy uuid; only the first by name is configured.',
  },
} as const satisfies Readonly<Record<string, DiagnosticCode>>;

/** A code of {@link policyDiagnosticCodes}. */
export type PolicyDiagnosticCode = keyof typeof policyDiagnosticCodes;

/** The kinds of objects that diagnostics of this package are about. */
export type DiagnosedKind = 'TrafficTarget' | 'TrafficSplit' | 'Service' | 'Pod';

/** What a diagnostic says, apart from the object. */
export interface Finding {
  readonly code: PolicyDiagnosticCode;
  /** What is wrong, and the remedy. */
  readonly text: string;
}

export function objectRef(kind: DiagnosedKind, key: NamespacedName): ObjectRef {
  return { kind, namespace: namespaceOf(key), name: nameOf(key), file: '', line: 0 };
}

/** The diagnostics of an object; undefined when there is nothing to say. */
export function diagnosticsOf(
  kind: DiagnosedKind,
  key: NamespacedName,
  findings: readonly Finding[],
): readonly Diagnostic[] | undefined {
  if (findings.length === 0) return undefined;
  const object = objectRef(kind, key);
  return findings.map(({ code, text }) => ({
    code,
    severity: severityOf(policyDiagnosticCodes[code]),
    object,
    message: `${kind} ${key}: ${text}`,
  }));
}
