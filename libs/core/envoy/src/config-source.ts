import { ApiVersion, ConfigSource } from '@osm/proto-envoy';

/** "Over the same ADS stream": how every dynamic reference in our resources is resolved. */
export const overAds: ConfigSource = ConfigSource.fromPartial({
  configSourceSpecifier: { $case: 'ads', value: {} },
  resourceApiVersion: ApiVersion.V3,
});
