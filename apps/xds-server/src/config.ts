import { busFlags, flag, type ConfigOf } from '@osm/runtime';

/** Flags of this service. */
export const flags = {
  ...busFlags,
  xdsPort: flag.port('Port of ADS over mutual TLS', { default: '15128' }),
  xdsHost: flag.text('Address to listen on for ADS', { default: '0.0.0.0' }),
  certValidity: flag.durationMs('Validity of the certificates of workloads; renewed at 2/3 of it', {
    default: '24h',
  }),
};

export type Config = ConfigOf<typeof flags>;
