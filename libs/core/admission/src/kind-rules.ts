import { reviewEgress } from './kinds/egress.ts';
import { reviewIngressBackend } from './kinds/ingress-backend.ts';
import { reviewMeshRootCertificate } from './kinds/mesh-root-certificate.ts';
import { reviewRetry } from './kinds/retry.ts';
import { reviewTelemetry } from './kinds/telemetry.ts';
import { reviewTrafficSplit } from './kinds/traffic-split.ts';
import { reviewTrafficTarget } from './kinds/traffic-target.ts';
import { reviewUpstreamTrafficSetting } from './kinds/upstream-traffic-setting.ts';
import type { KindRules } from './findings.ts';

/** Rules that go beyond what an object says by itself, by kind. */
export const kindRules: ReadonlyMap<string, KindRules> = new Map([
  ['Egress', reviewEgress],
  ['IngressBackend', reviewIngressBackend],
  ['MeshRootCertificate', reviewMeshRootCertificate],
  ['Retry', reviewRetry],
  ['Telemetry', reviewTelemetry],
  ['TrafficSplit', reviewTrafficSplit],
  ['TrafficTarget', reviewTrafficTarget],
  ['UpstreamTrafficSetting', reviewUpstreamTrafficSetting],
]);

/** Kinds of which the rules look at all others. */
export const writtenKinds: ReadonlySet<string> = new Set([
  'ExtensionService',
  'IngressBackend',
  'MeshRootCertificate',
  'UpstreamTrafficSetting',
]);
