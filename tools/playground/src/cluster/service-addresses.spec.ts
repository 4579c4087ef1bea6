import { describe, expect, it } from 'vitest';
import { planAddresses } from '../network/addresses.ts';
import { ServiceAddresses } from './service-addresses.ts';

describe('ServiceAddresses', () => {
  it('keeps the address of a service', () => {
    const addresses = new ServiceAddresses(planAddresses(10, 64));
    const first = addresses.of('shop/web');
    expect(addresses.of('shop/db')).not.toBe(first);
    expect(addresses.of('shop/web')).toBe(first);
  });

  it('gives the address that the manifest asks for, unless another service has it', () => {
    const addresses = new ServiceAddresses(planAddresses(10, 64));
    expect(addresses.of('shop/web', '10.96.0.9')).toBe('10.96.0.9');
    expect(addresses.of('shop/db', '10.96.0.9')).toBe('10.64.129.0');
    expect(addresses.of('shop/db', '10.96.0.10')).toBe('10.96.0.10');
  });
});
