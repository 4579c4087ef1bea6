// @osm/injection: a pod gets its sidecar. Pure: what comes from outside (UUID, certificate, settings) is an argument.
//
//   Pod JSON, namespace, settings ──injectPod──> skip | deny | { patched Pod, bootstrap, identity }
//                                                                    bootstrap + certificate ──emitBootstrapSecret──> Secret
//
// Follows OSM where users can see it: names, ports, labels, order of containers, iptables rules, probe paths.
// Departures, all of them repairs: probes keep their own timeout and match their own path only; more than 15 excluded ports work;
// wrong ports and ranges are refused at admission; the xDS server is pinned by name. A pod's own fields are never dropped.
export {
  injectAgain,
  injectPod,
  type AlreadyInjected,
  type Denied,
  type Injected,
  type InjectionRequest,
  type InjectionResult,
} from './inject-pod.ts';
export { copyBootstrap, forwardingOf, isOwned } from './injected-pod.ts';
export { noForwarding, type ProbeForwarding } from './probes.ts';
export {
  emitBootstrapSecret,
  renewBootstrapSecret,
  type BootstrapCertificate,
  type BootstrapSecretRequest,
} from './bootstrap-secret.ts';
export { emitBootstrap, type BootstrapRequest, type XdsAddress } from './bootstrap.ts';
export { emitInitScript, type InitRulesOptions } from './init-rules.ts';
export type { PodInterception } from './interception.ts';
export { abilitiesOf, noAbilities, type ClusterAbilities } from './form.ts';
export type { SidecarImages } from './containers.ts';
export type { Json, JsonObject } from './json.ts';
export { proxylessFiles } from './proxyless-pod.ts';
export { bootstrapFiles, bootstrapSecretName, podNames, sidecarUid } from './sidecar.ts';
