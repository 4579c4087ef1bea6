import { describe, expect, it } from 'vitest';
import { serviceRules, type ServiceRule } from './service-rules.ts';

const web: ServiceRule = {
  address: '10.64.129.0',
  protocol: 'tcp',
  port: 80,
  endpoints: [3, 1, 2].map((n) => ({ ip: `10.64.1.${n}`, port: 8080 })),
};

describe('serviceRules', () => {
  it('gives each endpoint the same chance: of what the earlier ones left', () => {
    const dnat = serviceRules([web], '10.64.255.254')
      .split('\n')
      .filter((line) => line.includes('DNAT'));
    expect(dnat).toEqual([
      '-A PREROUTING -d 10.64.129.0/32 -p tcp --dport 80 -m statistic --mode random --probability 0.33333333 -j DNAT --to-destination 10.64.1.1:8080',
      '-A PREROUTING -d 10.64.129.0/32 -p tcp --dport 80 -m statistic --mode random --probability 0.50000000 -j DNAT --to-destination 10.64.1.2:8080',
      '-A PREROUTING -d 10.64.129.0/32 -p tcp --dport 80 -j DNAT --to-destination 10.64.1.3:8080',
    ]);
  });

  it('has one text for one set of services, in whatever order', () => {
    const other: ServiceRule = { ...web, port: 81, endpoints: [...web.endpoints].reverse() };
    expect(serviceRules([web, other], 'h')).toBe(
      serviceRules([other, { ...web, endpoints: [...web.endpoints].reverse() }], 'h'),
    );
  });

  it('lets a pod reach itself through a service', () => {
    expect(serviceRules([web], 'h')).toContain(
      '-A POSTROUTING -s 10.64.1.2/32 -d 10.64.1.2/32 -j MASQUERADE',
    );
  });

  it('refuses what leads nowhere, the host apart', () => {
    const text = serviceRules([{ ...web, endpoints: [] }], '10.64.255.254');
    expect(text).not.toContain('DNAT');
    expect(text).toContain('-A FORWARD -o uplink ! -d 10.64.255.254/32 -j REJECT');
  });
});
