import type { ProxyStatus } from '@osm/proto-mesh';
import { describe, expect, it } from 'vitest';
import { joinStatus } from './proxy-status.ts';

const status: ProxyStatus = {
  proxyUuid: 'u',
  namespace: 'shop',
  pod: 'store-1',
  serviceAccount: 'store',
  server: 'a',
  connected: true,
  connectedAtMs: 2,
  rejections: [],
  ackedTrustBundle: '',
};
const rejection = { typeUrl: 't', resource: 'r', version: 'v', message: 'm' };

describe('the status of a proxy with several streams', () => {
  it('has what any of them has: trust of one, refusals of all, since the first', () => {
    const secrets = { ...status, connectedAtMs: 1, ackedTrustBundle: 'bundle-1' };
    const application = { ...status, rejections: [rejection] };
    expect(joinStatus(application, secrets)).toEqual({
      ...status,
      connectedAtMs: 1,
      rejections: [rejection],
      ackedTrustBundle: 'bundle-1',
    });
  });

  it('says of the trust what the younger one has acknowledged', () => {
    const younger = { ...status, ackedTrustBundle: 'bundle-2' };
    const older = { ...status, ackedTrustBundle: 'bundle-1' };
    expect(joinStatus(younger, older).ackedTrustBundle).toBe('bundle-2');
  });
});
