import { describe, expect, it } from 'vitest';
import { candidatePlans, parseRange, planAddresses } from './addresses.ts';

describe('planAddresses', () => {
  const plan = planAddresses(10, 64);

  it('keeps pods, services and the link to the host apart', () => {
    expect(plan.podAddress(0)).toBe('10.64.1.0');
    expect(plan.podAddress(300)).toBe('10.64.2.44');
    expect(plan.serviceAddress(0)).toBe('10.64.129.0');
    expect(plan.hostAddress).toBe('10.64.255.254');
    const addresses = new Set<string>();
    for (let i = 0; i < 15_000; i++) addresses.add(plan.podAddress(i)).add(plan.serviceAddress(i));
    expect(addresses.size).toBe(30_000);
    expect(addresses.has(plan.hostAddress) || addresses.has(plan.nodeAddress)).toBe(false);
  });

  it('names the link within the 15 characters of a device name', () => {
    expect(planAddresses(172, 31).link.length).toBeLessThanOrEqual(15);
  });
});

describe('candidatePlans', () => {
  it('tries ranges last that the machine has routes to', () => {
    const ranges = candidatePlans(['10.64.0.0/16', '10.65.7.0/24', '10.66.1.1']).map(
      (plan) => plan.range,
    );
    expect(ranges[0]).toBe('10.67.0.0/16');
    expect(ranges.slice(-3)).toEqual(['10.64.0.0/16', '10.65.0.0/16', '10.66.0.0/16']);
  });

  it('still offers ranges when all overlap, for example with a VPN of 10.0.0.0/8', () => {
    expect(candidatePlans(['10.0.0.0/8', '172.16.0.0/12'])).toHaveLength(76);
  });
});

describe('parseRange', () => {
  it('refuses what is no IPv4 range', () => {
    for (const text of ['', '10.0.0', '10.0.0.256', '10.0.0.0/33', 'fe80::/64', 'default']) {
      expect(parseRange(text).kind).toBe('error');
    }
  });

  it('takes the first address of the range', () => {
    expect(parseRange('10.0.0.5/30')).toEqual({
      kind: 'ok',
      value: { first: 0x0a000004, last: 0x0a000007 },
    });
  });
});
