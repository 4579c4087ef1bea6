// @osm/xds: the ADS conversation as a state machine, and the closures that it delivers. No sockets, no clock: bytes and names.
//
//   bundles ──createBundleIndex──> closure per workload (shared nodes) ──target──┐
//   requests of a client ────────────────────────────────────────────────────────┤
//   the transport takes more ────────────────────────────────────────────────────┴─> applyStream ──> responses
//
// Invariants
// - A resource is encoded once, a response once per content: streams that take the same step share its bytes.
// - The state of a stream is the closure it was last brought to, and exceptions; never a map of what it has. (State-of-the-world: also
//   the last full lists that were accepted, as references.)
// - Order on the wire: clusters, endpoints, (new clusters acknowledged), listeners, routes, then endpoints and clusters that go;
//   for a client that comes again, too.
// - Nothing is removed because something is missing: an incomplete closure stays what it was.
// - A response that was refused is taken apart, the offender kept back; the same bytes never go out in a loop. In state-of-the-world a
//   full list is tried again without what is suspected, on top of the last list that was accepted (sotw-trial.ts).
// - Delta and state-of-the-world clients hold the same in the end (delta-equals-sotw.spec.ts).
// - A slow stream gets one difference when it is ready, whatever happened meanwhile.
export { applyStream, rejectionsOf, type StreamStep } from './apply-stream.ts';
export {
  createBundleIndex,
  type BundleChange,
  type BundleIndex,
  type PublishedBundle,
} from './bundle-index.ts';
export { createConfigNode, recordsOf, type ConfigNode } from './config-node.ts';
export type { Diff, TypeDiff } from './diff.ts';
export { encodeResourceRecord, type ResourceRecord } from './resource-record.ts';
export { resourceTypes, typeUrlOf, type ResourceType } from './resource-types.ts';
export type { Response, ResponseContent } from './response.ts';
export {
  createStreamState,
  isHolding,
  type DeltaRequest,
  type Protocol,
  type Rejection,
  type SotwRequest,
  type StreamInput,
  type StreamOutput,
  type StreamState,
  type StreamTarget,
} from './stream-state.ts';
