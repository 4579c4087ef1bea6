import { Address } from '@osm/proto-envoy';

/** A TCP address. */
export function socketAddress(ip: string, port: number): Address {
  return Address.fromPartial({
    address: {
      $case: 'socketAddress',
      value: { address: ip, portSpecifier: { $case: 'portValue', value: port } },
    },
  });
}
