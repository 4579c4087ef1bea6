import { describe, expect, it } from 'vitest';
import { podInterception } from './interception.ts';

const mesh = {
  outboundIpRangeExclusionList: ['10.0.0.0/8'],
  outboundIpRangeInclusionList: ['11.0.0.0/8'],
  outboundPortExclusionList: [1, 2],
  inboundPortExclusionList: [3],
  networkInterfaceExclusionList: ['net1'],
};

function withAnnotations(annotations: Record<string, string>) {
  const full = Object.entries(annotations).map(([key, value]) => [
    `openservicemesh.io/${key}`,
    value,
  ]);
  return podInterception(mesh, Object.fromEntries(full) as Record<string, string>);
}

describe('podInterception', () => {
  it('joins lists: ports of the mesh first, ranges of the pod first, no duplicates', () => {
    expect(
      withAnnotations({
        'outbound-port-exclusion-list': '9, 2 ,1',
        'inbound-port-exclusion-list': '4',
        'outbound-ip-range-exclusion-list': '1.2.3.4/32,10.0.0.0/8',
        'outbound-ip-range-inclusion-list': '12.0.0.0/8',
      }),
    ).toEqual({
      kind: 'ok',
      value: {
        outboundPortExclusionList: [1, 2, 9],
        inboundPortExclusionList: [3, 4],
        outboundIpRangeExclusionList: ['1.2.3.4/32', '10.0.0.0/8'],
        outboundIpRangeInclusionList: ['12.0.0.0/8', '11.0.0.0/8'],
        networkInterfaceExclusionList: ['net1'],
      },
    });
  });

  it.each(['0', '65536', '-1', '80.5', 'http', '80,,81', '80;reboot'])(
    'denies the port list %j and names the annotation',
    (text) => {
      expect(withAnnotations({ 'outbound-port-exclusion-list': text })).toMatchObject({
        error: expect.stringContaining('outbound-port-exclusion-list') as string,
      });
    },
  );

  it.each(['10.0.0.0', '10.0.0.0/33', '256.0.0.0/8', '::1/128', '10.0.0.0/8\n-F', '$(x)/8'])(
    'denies the range list %j',
    (text) => {
      expect(withAnnotations({ 'outbound-ip-range-exclusion-list': text }).kind).toBe('error');
    },
  );

  it('leaves out what does not belong into a script, wherever it came from', () => {
    const result = podInterception(
      {
        ...mesh,
        networkInterfaceExclusionList: ['eth0', 'a b', '$(reboot)', '-j'],
        outboundIpRangeExclusionList: ['10.0.0.0/8; reboot'],
      },
      {},
    );
    expect(result).toMatchObject({
      value: { networkInterfaceExclusionList: ['eth0'], outboundIpRangeExclusionList: [] },
    });
  });
});
