// @osm/webhook: admission webhooks, as a server of HTTPS that keeps its certificate in force by itself. What is answered, and where
// certificates come from, is the service's to say.
//
//   API server ──AdmissionReview──> startWebhookServer ──AdmissionRequest──> Admit ──AdmissionAnswer──> AdmissionReview
//   trust bundle, time ──> serveWebhook ──obtain──> certificate ──> the same server
//
// Invariants: bodies, reviews at once, and connections have limits; whoever is one too many is told so, which is no answer about his
// object: the failure policy of the webhook decides.
export type { AdmissionAnswer, AdmissionKind, AdmissionRequest } from './admission-review.ts';
export {
  type Admit,
  type ServerIdentity,
  type WebhookServer,
  type WebhookServerOptions,
} from './webhook-server.ts';
export {
  serveWebhook,
  type MortalIdentity,
  type Webhook,
  type WebhookOptions,
} from './serve-webhook.ts';
