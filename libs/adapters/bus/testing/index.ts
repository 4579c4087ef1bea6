// @osm/bus/testing: the bus without a server, for tests of services.
//
//   const hub = createMemoryBus();  const bus = hub.connect();
//   hub.disconnect(), reconnect(), wipe(), snapshot(), foreignPut()   what can go wrong with a server
export { createMemoryBus, silentLogger, type MemoryBusHub } from './memory-bus.ts';
