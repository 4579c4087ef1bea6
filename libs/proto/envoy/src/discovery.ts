// The ADS protocol's own messages and the resource type URLs, nothing else.
export { AggregatedDiscoveryServiceDefinition } from './gen/envoy/service/discovery/v3/ads.ts';
export {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
  Resource,
} from './gen/envoy/service/discovery/v3/discovery.ts';
export { typeUrls, type ResourceType } from './type-urls.ts';
