import type { DeepReadonly } from '@osm/prelude';
import type * as proto from '@osm/proto-mesh';

/** Names a Kubernetes object, and its place when it came from a file. */
export type ObjectRef = DeepReadonly<proto.ObjectRef>;
export type Diagnostic = DeepReadonly<proto.Diagnostic>;
export type DiagnosticSeverity = proto.Severity;
