// @osm/admission: what the mesh says to an object before the API server stores it. Objects in, refusals and warnings out.
//
//   AdmissionChange, AdmissionWorld ──reviewObject──> Verdict
//
// What is wrong by itself, or takes what belongs to another object, is refused, with the remedy. What only has no effect now, such as a
// reference to something that does not exist, is a warning: objects come in any order. An update that leaves the spec as it is is never refused.
// Unknown shapes are no concern of this package: the schema of the kind was checked before.
export { reviewObject } from './review-object.ts';
export type { AdmissionChange, AdmissionWorld, Verdict, WrittenObject } from './admission-world.ts';
export { writtenKinds } from './kind-rules.ts';
