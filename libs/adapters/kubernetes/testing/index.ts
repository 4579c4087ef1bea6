// @osm/kubernetes/testing: an API server to try things on without a cluster.
export { startFakeApiServer, type FakeApiServer } from './fake-api-server.ts';
