// Builders for specs of @osm/injection: pods and requests that need nothing but the part a test is about.
export { injectionRequest, pod, proxyUuid, shop } from './pods.ts';
