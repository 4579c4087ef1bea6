// @osm/rpc/testing: the other side of a bidirectional call over mutual TLS, for specs.
export { openCall, type CallEnd, type OpenCallOptions, type TestCall } from './test-call.ts';
export { createTestAuthority, type TestAuthority } from './authority.ts';
