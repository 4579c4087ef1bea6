// @osm/bus/testing: the bus without a server, for tests of services.
//
//   const hub = createMemoryBus();  const bus = hub.connect();
//   hub.disconnect(), reconnect(), wipe(), snapshot(), foreignPut()   what can go wrong with a server
//   createBusOver({ link, timing })   the bus over a link and a time of one's own
export { createMemoryBus, silentLogger, type MemoryBusHub } from './memory-bus.ts';
export { createBusOver } from '../src/bus-over-link.ts';
export type { Timing } from '../src/timing.ts';
export type { Entry, Link, PutRequest, RawAnswer, RawHandler, StreamState } from '../src/link.ts';
