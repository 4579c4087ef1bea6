import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeltaDiscoveryResponse } from '@osm/proto-envoy/discovery';
import { readDeltaResponse, readFields, readResource, textsAt } from './wire.ts';

const anyResource = fc.record({
  name: fc.string(),
  version: fc.string(),
  typeUrl: fc.string(),
  body: fc.uint8Array({ maxLength: 300 }),
});

describe('readDeltaResponse', () => {
  it('reads what the generated encoder writes', () => {
    fc.assert(
      fc.property(
        fc.array(anyResource, { maxLength: 5 }),
        fc.array(fc.string(), { maxLength: 3 }),
        fc.string(),
        (resources, removed, nonce) => {
          const bytes = DeltaDiscoveryResponse.encode(
            DeltaDiscoveryResponse.fromPartial({
              systemVersionInfo: 'ignored',
              typeUrl: 'type',
              nonce,
              removedResources: removed,
              resources: resources.map(({ name, version, typeUrl, body }) => ({
                name,
                version,
                resource: { typeUrl, value: Buffer.from(body) },
              })),
            }),
          ).finish();
          const read = readDeltaResponse(bytes);
          expect(read.typeUrl).toBe('type');
          expect(read.nonce).toBe(nonce);
          expect(read.removed).toEqual(removed);
          expect(
            read.resources.map(readResource).map((one) => ({ ...one, body: [...one.body] })),
          ).toEqual(resources.map((resource) => ({ ...resource, body: [...resource.body] })));
        },
      ),
    );
  });
});

describe('readFields', () => {
  it('refuses bytes that end too early', () => {
    expect(() => readFields(Uint8Array.of(0x0a, 5, 1), () => undefined)).toThrow(RangeError);
    expect(() => readFields(Uint8Array.of(0x08, 0x80), () => undefined)).toThrow(RangeError);
  });

  it('skips numbers of fixed width', () => {
    const seen: number[] = [];
    const bytes = Uint8Array.of(0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x15, 1, 2, 3, 4, 0x18, 150, 1);
    readFields(bytes, (field, value) => seen.push(field, Number(value)));
    expect(seen).toEqual([3, 150]);
  });
});

describe('textsAt', () => {
  it('opens an Any only when the type fits', () => {
    const any = (typeUrl: string): Uint8Array =>
      DeltaDiscoveryResponse.encode(
        DeltaDiscoveryResponse.fromPartial({
          resources: [{ resource: { typeUrl, value: Buffer.from([0x0a, 2, 0x68, 0x69]) } }],
        }),
      ).finish();
    const path = [2, 2, { any: '.Greeting' }, 1];
    expect(textsAt(any('type.googleapis.com/x.Greeting'), path)).toEqual(['hi']);
    expect(textsAt(any('type.googleapis.com/x.Other'), path)).toEqual([]);
  });
});
