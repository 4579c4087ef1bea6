// Secrets alone, so that a service that makes nothing else loads nothing else.
export { Secret } from './gen/envoy/extensions/transport_sockets/tls/v3/secret.ts';
