import { busFlags, type ConfigOf } from '@osm/runtime';

/** Flags of this service: those of the bus. */
export const flags = { ...busFlags };

export type Config = ConfigOf<typeof flags>;
