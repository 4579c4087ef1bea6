// @osm/policy: what a catalog means for proxies.
//
//   catalog changes ──apply──> incremental queries ──> units (proxy-policy.ts), assignments, diagnostics: differences only
//
//   target, routes ─┐
//   service, pod ───┼─> grants, ports, places ──> upstream <── outbound <── scope | workload <── assignment (proxy)
//   slice, split ───┘
//
// Only what a workload reaches exists. The same catalog gives the same units, whatever the order of its objects and the way
// there. A bad object hurts only itself: it is left out, and a diagnostic names it and the remedy (diagnostics.ts).
export { createPolicyCompiler, type PolicyCompiler, type PolicyDifference } from './compiler.ts';
export type { CatalogChange } from './catalog-inputs.ts';
export type { ObjectDiagnostics } from './object-diagnostics.ts';
export { policyDiagnosticCodes, type PolicyDiagnosticCode } from './diagnostics.ts';
export { diagnosticsKey } from './keys.ts';
export type {
  CapturePolicy,
  Dialect,
  HttpAccess,
  HttpRule,
  InboundPolicy,
  Outbound,
  OutboundPolicy,
  PolicyUnit,
  Protocol,
  ProxyAssignmentPolicy,
  ScopePolicy,
  TcpAccess,
  TlsSettings,
  UnitKey,
  UpstreamPolicy,
  WeightedUpstream,
  WorkloadPolicy,
} from './proxy-policy.ts';
