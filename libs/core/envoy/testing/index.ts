// Builders for specs: units with everything in place, and an interpreter of inbound routes.
export {
  captureUnit,
  inboundPort,
  outboundUnit,
  tls,
  upstreamUnit,
  workloadUnit,
} from './units.ts';
export { outcomeOf, type TestRequest } from './request-outcome.ts';
