/** Every code that this package reports, with what it means. Codes are stable; docs/diagnostics.md lists them. */
export const resourceDiagnosticCodes = {
  invalid_yaml: 'A document is not YAML or JSON; what it held before stays in force.',
  invalid_manifest:
    'A document is not a Kubernetes object: apiVersion, kind or metadata.name is missing or wrong.',
  unreadable_file: 'A file cannot be read; what it held before stays in force.',
  duplicate_object: 'The same object was written twice; the first one counts.',
  wrong_type: 'A field has the wrong type; the object is left out.',
  missing_field: 'A required field is missing; the object is left out.',
  invalid_value: 'A field has a value that is not allowed; the object is left out.',
  unknown_field: 'A field is not known to this kind, often a typing mistake; it is ignored.',
  unknown_kind: "A kind of the mesh's API groups is not known; the object is ignored.",
  unsupported_version: 'A version of this API is not served; the object is left out.',
  unsupported_kind: 'A kind is part of the mesh but not supported yet; the object is ignored.',
  unsupported_field: 'A field is part of the API but not supported yet; it is ignored.',
  invalid_regex: 'A regular expression does not compile as RE2; the match that has it is left out.',
  regex_too_large:
    'A regular expression is too large for a proxy; the match that has it is left out.',
  duplicate_name: 'Two entries have one name; the last one counts.',
  no_matches: 'A route group has no matches and selects nothing.',
  no_sources: 'A TrafficTarget has no usable source and allows nobody.',
  namespace_mismatch:
    'A TrafficTarget must be in the namespace of its destination; it is left out.',
  unsupported_reference: 'A reference of this kind means nothing to the mesh; it is left out.',
  source_without_namespace: 'A source without namespace never matches; it is left out.',
  unknown_protocol:
    'A port has an application protocol that the mesh does not know; the port is not served.',
  tls_as_tcp: 'The application speaks TLS on this port; the mesh treats it as TCP.',
  ignored_mesh_config: 'A MeshConfig is not the one of this mesh; it is ignored.',
  invalid_annotation: 'An annotation has a value that is not allowed.',
  namespace_not_in_mesh:
    'A policy is in a namespace that is not part of the mesh; it has no effect.',
} as const;

/** A code of {@link resourceDiagnosticCodes}. */
export type ResourceDiagnosticCode = keyof typeof resourceDiagnosticCodes;
