import { describe, expect, it } from 'vitest';
import {
  diagnosticsKey,
  outboundKey,
  permissiveScopeKey,
  upstreamKey,
  workloadKey,
} from './keys.ts';

const part = { namespace: 'n', service: 's', host: undefined };

describe('keys', () => {
  it('have the forms of the contract', () => {
    const upstream = { ...part, targetPort: 8080, accounts: undefined, choice: 'proxy' as const };
    expect(upstreamKey(upstream)).toBe('cluster.n.s.8080.all');
    expect(upstreamKey({ ...upstream, choice: 'client' })).toBe('dialled.n.s.8080.all');
    expect(upstreamKey({ ...upstream, host: 's-0' })).toBe('cluster.n.s-0=2Es.8080.all');
    expect(upstreamKey({ ...upstream, accounts: ['a'] })).toMatch(
      /^cluster\.n\.s\.8080\.[\da-f]{16}$/,
    );
    const outbound = { ...part, port: 80, view: [], without: [] };
    expect(outboundKey(outbound)).toBe('outbound.n.s.80.all');
    expect(outboundKey({ ...outbound, without: ['10.0.0.1'] })).toMatch(
      /^outbound\.n\.s\.80\.[\da-f]{16}$/,
    );
    expect(permissiveScopeKey).toBe('scope.permissive');
    expect(
      workloadKey({
        namespace: 'n',
        serviceAccount: 'a.b',
        services: [],
        namedPorts: [],
        metrics: false,
      }),
    ).toMatch(/^workload\.n\.a=2Eb\.[\da-f]{16}$/);
    const object = { kind: 'Service', namespace: 'n', name: 's' };
    expect(diagnosticsKey('policy-compiler', object)).toBe('policy-compiler.Service.n.s');
  });

  it('tell apart what clients see differently', () => {
    const keys = [
      [],
      [{ service: 's', accounts: [] }],
      [{ service: 's', accounts: ['a'] }],
      [{ service: 's', accounts: ['a', 'b'] }],
      [{ service: 't', accounts: ['a'] }],
    ].map((view) => outboundKey({ ...part, port: 80, view, without: [] }));
    expect(new Set(keys).size).toBe(keys.length);
  });
});
