import { describe, expect, it } from 'vitest';
import { findPod } from './pod-reference.ts';

const pods = [
  { namespace: 'shop', name: 'web-2', owner: 'web', ready: true },
  { namespace: 'shop', name: 'web-1', owner: 'web', ready: false },
  { namespace: 'shop', name: 'db', owner: 'db', ready: false },
  { namespace: 'other', name: 'web-3', owner: 'web', ready: true },
];
const found = (reference: string): string => {
  const result = findPod(reference, pods);
  return result.kind === 'ok' ? result.value.name : result.error;
};

describe('findPod', () => {
  it('takes a pod by its name', () => expect(found('shop/web-1')).toBe('web-1'));
  it("takes a ready pod of the Deployment's name", () => expect(found('shop/web')).toBe('web-2'));
  it('takes one that is not ready when no other is there', () =>
    expect(found('shop/db')).toBe('db'));
  it('lists the pods when there is none of that name', () => {
    expect(found('shop/nope')).toBe(
      'There is no pod shop/nope. These exist:\n  other/web-3\n  shop/db\n  shop/web-1\n  shop/web-2',
    );
  });
  it('says what form the name has', () =>
    expect(found('web')).toContain('"web" is not NAMESPACE/POD'));
});
