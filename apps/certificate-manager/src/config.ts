import { busFlags, flag, trustDomainFlag, type ConfigOf } from '@osm/runtime';

/** Flags of this service. */
export const flags = {
  ...busFlags,
  caDirectory: flag.text(
    'Directory of the root: ca.crt and private.key, made when both are missing',
    {
      placeholder: 'DIR',
    },
  ),
  trustDomain: trustDomainFlag,
  minValidity: flag.durationMs('Shortest validity; shorter requests are raised to it', {
    default: '10m',
  }),
};

export type Config = ConfigOf<typeof flags>;
