import type { DiagnosticCode } from '@osm/model';

/** Every code that this package reports, with its severity and meaning. Codes are stable; docs/diagnostics.md lists them. */
export const resourceDiagnosticCodes = {
  invalid_yaml: {
    severity: 'error',
    meaning: 'A document is not YAML or JSON; what it held before stays in force.',
  },
  invalid_manifest: {
    severity: 'error',
    meaning:
      'A document is not a Kubernetes object: apiVersion, kind or metadata.name is missing or wrong.',
  },
  unreadable_file: {
    severity: 'error',
    meaning: 'A file cannot be read; what it held before stays in force.',
  },
  duplicate_object: {
    severity: 'error',
    meaning: 'The same object was written twice; the first one counts.',
  },
  wrong_type: { severity: 'error', meaning: 'A field has the wrong type; the object is left out.' },
  missing_field: {
    severity: 'error',
    meaning: 'A required field is missing; the object is left out.',
  },
  invalid_value: {
    severity: 'error',
    meaning: 'A field has a value that is not allowed; the object is left out.',
  },
  unknown_field: {
    severity: 'warning',
    meaning: 'A field is not known to this kind, often a typing mistake; it is ignored.',
  },
  unknown_kind: {
    severity: 'warning',
    meaning:
      "A kind of the mesh's API groups is not known, or a kind or group looks misspelt; the object is ignored.",
  },
  unsupported_version: {
    severity: 'error',
    meaning: 'A version of this API is not served; the object is left out.',
  },
  unsupported_kind: {
    severity: 'warning',
    meaning: 'A kind is part of the mesh but not supported yet; the object is ignored.',
  },
  unsupported_field: {
    severity: 'warning',
    meaning: 'A field is part of the API but not supported yet; it is ignored.',
  },
  invalid_regex: {
    severity: 'error',
    meaning: 'A regular expression does not compile as RE2; the match that has it is left out.',
  },
  regex_too_large: {
    severity: 'error',
    meaning: 'A regular expression is too large for a proxy; the match that has it is left out.',
  },
  group_too_large: {
    severity: 'error',
    meaning:
      'The regular expressions of an HTTPRouteGroup are too large together; the object is left out.',
  },
  duplicate_name: {
    severity: 'warning',
    meaning: 'Two entries have one name; the last one counts.',
  },
  no_matches: { severity: 'warning', meaning: 'A route group has no matches and selects nothing.' },
  no_sources: {
    severity: 'warning',
    meaning: 'A TrafficTarget has no usable source and allows nobody.',
  },
  namespace_mismatch: {
    severity: 'error',
    meaning: 'A TrafficTarget must be in the namespace of its destination; it is left out.',
  },
  unsupported_reference: {
    severity: 'warning',
    meaning: 'A reference of this kind means nothing to the mesh; it is left out.',
  },
  source_without_namespace: {
    severity: 'warning',
    meaning: 'A source without namespace never matches; it is left out.',
  },
  unknown_protocol: {
    severity: 'warning',
    meaning:
      'A port has an application protocol that the mesh does not know; the port is not served.',
  },
  protocol_inferred: {
    severity: 'warning',
    meaning:
      'A port says nothing of its protocol, and its name or number is that of a well-known one, as which it is served.',
  },
  tls_as_tcp: {
    severity: 'warning',
    meaning: 'The application speaks TLS on this port; the mesh treats it as TCP.',
  },
  tls_undeclared: {
    severity: 'warning',
    meaning:
      'The name of a port promises TLS, but a name is no declaration: the port is HTTP, and TLS clients fail.',
  },
  ignored_mesh_config: {
    severity: 'warning',
    meaning: 'A MeshConfig is not the one of this mesh; it is ignored.',
  },
  invalid_annotation: {
    severity: 'warning',
    meaning: 'An annotation has a value that is not allowed.',
  },
  namespace_not_in_mesh: {
    severity: 'warning',
    meaning: 'A policy is in a namespace that is not part of the mesh; it has no effect.',
  },
} as const satisfies Readonly<Record<string, DiagnosticCode>>;

/** A code of {@link resourceDiagnosticCodes}. */
export type ResourceDiagnosticCode = keyof typeof resourceDiagnosticCodes;

type CodeOf<S extends DiagnosticCode['severity']> = {
  readonly [C in ResourceDiagnosticCode]: (typeof resourceDiagnosticCodes)[C]['severity'] extends S
    ? C
    : never;
}[ResourceDiagnosticCode];

/** The codes of errors. */
export type ResourceErrorCode = CodeOf<'error'>;

/** The codes of warnings. */
export type ResourceWarningCode = CodeOf<'warning'>;
