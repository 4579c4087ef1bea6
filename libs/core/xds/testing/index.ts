// @osm/xds/testing: a model of a delta client, for tests of whatever serves it.
export { createModelClient, type Held, type Holdings, type ModelClient } from './model-client.ts';
