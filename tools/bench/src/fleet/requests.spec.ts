import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeltaDiscoveryRequest } from '@osm/proto-envoy/discovery';
import { createRequestEncoder } from './requests.ts';

describe('createRequestEncoder', () => {
  it('writes what the generated decoder reads', () => {
    const encode = createRequestEncoder();
    const anyNames = fc.array(fc.string(), { maxLength: 5 });
    fc.assert(
      fc.property(
        anyNames,
        anyNames,
        fc.option(fc.string(), { nil: undefined }),
        (subscribe, unsubscribe, nonce) => {
          const initialVersions = { a: '1' };
          const request = { typeUrl: 'type', subscribe, unsubscribe, nonce, initialVersions };
          const read = DeltaDiscoveryRequest.decode(encode(request));
          expect(read.typeUrl).toBe('type');
          expect(read.resourceNamesSubscribe).toEqual(subscribe);
          expect(read.resourceNamesUnsubscribe).toEqual(unsubscribe);
          expect(read.responseNonce).toBe(nonce ?? '');
          expect(read.initialResourceVersions).toEqual(initialVersions);
          expect(read.node).toBeUndefined();
        },
      ),
    );
  });
});
