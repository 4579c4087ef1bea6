import { objectKey, type CatalogValue } from '@osm/model';
import {
  anyChanges,
  anyMesh,
  compileMesh,
  includesOf,
  put,
  settings,
  type CompiledMesh,
} from '@osm/policy/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InboundPolicy, OutboundPolicy, PolicyUnit, UpstreamPolicy } from './index.ts';

function sorted<V>(map: ReadonlyMap<string, V>): readonly [string, V][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Everything a mesh came to, in an order of its own. */
function contentOf({ state }: CompiledMesh) {
  return {
    units: sorted(state.units),
    assignments: sorted(state.assignments),
    diagnostics: sorted(state.diagnostics),
  };
}

type Policy<K extends PolicyUnit['kind']> = Extract<PolicyUnit, { kind: K }>['policy'];

function unitsOf<K extends PolicyUnit['kind']>({ state }: CompiledMesh, kind: K): Policy<K>[] {
  return [...state.units.values()]
    .filter((unit) => unit.kind === kind)
    .map((unit) => unit.policy as Policy<K>);
}

function withMode(mesh: readonly CatalogValue[], permissive: boolean): CompiledMesh {
  const others = mesh.filter(({ $case }) => $case !== 'meshSettings');
  return compileMesh([settings({ permissive }), ...others]);
}

describe('laws of the compiler', () => {
  it('the order of objects does not matter', () => {
    const shuffled = anyMesh.chain((mesh) =>
      fc.tuple(fc.constant(mesh), fc.shuffledSubarray([...mesh], { minLength: mesh.length })),
    );
    fc.assert(
      fc.property(shuffled, ([mesh, other]) => {
        expect(contentOf(compileMesh(other))).toEqual(contentOf(compileMesh(mesh)));
      }),
      { numRuns: 120 },
    );
  });

  it('incremental equals from scratch after any sequence of changes', () => {
    fc.assert(
      fc.property(anyMesh, anyChanges, (mesh, batches) => {
        const live = compileMesh(mesh);
        const objects = new Map(mesh.map((object) => [objectKey(object), object]));
        for (const batch of batches) {
          live.apply(batch);
          for (const change of batch) {
            if (change.kind === 'put') objects.set(change.key, change.value);
            else objects.delete(change.key);
          }
          expect(contentOf(live)).toEqual(contentOf(compileMesh([...objects.values()])));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('a batch is the same as its changes one by one', () => {
    fc.assert(
      fc.property(anyMesh, anyChanges, (mesh, batches) => {
        const together = compileMesh(mesh);
        const single = compileMesh(mesh);
        for (const batch of batches) {
          together.apply(batch);
          for (const change of batch) single.apply([change]);
        }
        expect(contentOf(single)).toEqual(contentOf(together));
      }),
      { numRuns: 60 },
    );
  });

  it('nothing is said twice: applying the same objects again changes nothing', () => {
    fc.assert(
      fc.property(anyMesh, (mesh) => {
        const compiled = compileMesh(mesh);
        const again = compiled.apply(mesh.map((object) => put(structuredClone(object))));
        expect(Object.values(again).flat()).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('every included key exists, at every step of writing a difference in its order', () => {
    fc.assert(
      fc.property(anyMesh, anyChanges, (mesh, batches) => {
        const live = compileMesh(mesh);
        const known = new Map(live.state.units);
        const assigned = new Map(live.state.assignments);
        const check = (unit: PolicyUnit) => {
          for (const key of includesOf(unit)) expect(known.has(key), key).toBe(true);
        };
        for (const batch of batches) {
          const difference = live.apply(batch);
          for (const unit of difference.unitPuts) {
            check(unit);
            known.set(unit.policy.key, unit);
          }
          for (const assignment of difference.assignmentPuts) {
            expect(known.has(assignment.workload)).toBe(true);
            assigned.set(assignment.proxyUuid, assignment);
          }
          for (const uuid of difference.assignmentDeletes) expect(assigned.delete(uuid)).toBe(true);
          for (const key of difference.unitDeletes) {
            expect(known.delete(key), `delete of ${key}, which does not exist`).toBe(true);
            for (const unit of known.values()) expect(includesOf(unit)).not.toContain(key);
          }
          for (const { workload } of assigned.values()) expect(known.has(workload)).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('only what a proxy reaches exists', () => {
    fc.assert(
      fc.property(anyMesh, (mesh) => {
        const compiled = compileMesh(mesh);
        const reached = new Set([...compiled.state.assignments.values()].map((a) => a.workload));
        for (const key of reached) {
          const unit = compiled.state.units.get(key);
          for (const next of unit === undefined ? [] : includesOf(unit)) reached.add(next);
        }
        expect([...compiled.state.units.keys()].sort()).toEqual([...reached].sort());
      }),
      { numRuns: 100 },
    );
  });
});

describe('laws of policy', () => {
  it('enforced is never wider than permissive', () => {
    fc.assert(
      fc.property(anyMesh, (mesh) => {
        const enforced = withMode(mesh, false);
        const permissive = withMode(mesh, true);
        for (const uuid of enforced.state.assignments.keys()) {
          const closed = enforced.outboundsOf(uuid);
          const open = permissive.outboundsOf(uuid);
          expect(placesOf(open)).toEqual(expect.arrayContaining([...placesOf(closed)]));
          const wide = open.flatMap(permissive.upstreamsOf);
          for (const upstream of closed.flatMap(enforced.upstreamsOf)) {
            const same = wide.filter((one) => leadsTo(one) === leadsTo(upstream));
            // Of services at one address another one may be called in permissive mode.
            if (same.length === 0) continue;
            expectNarrower(upstream, same);
          }
        }
      }),
      { numRuns: 120 },
    );
  });

  it('a server lets in only principals that a TrafficTarget for its account names', () => {
    fc.assert(
      fc.property(anyMesh, (mesh) => {
        const enforced = withMode(mesh, false);
        for (const { identity, inbound } of unitsOf(enforced, 'workload')) {
          const named = new Set(
            mesh.flatMap((object) =>
              object.$case === 'trafficTarget' &&
              object.value.namespace === identity.namespace &&
              object.value.destination?.namespace === identity.namespace &&
              object.value.destination.name === identity.serviceAccount
                ? object.value.sources.map(({ namespace, name }) => `${name}.${namespace}`)
                : [],
            ),
          );
          for (const principal of inbound.flatMap(principalsOf)) {
            expect([...named]).toContain(principal.replace(/\.cluster\.local$/, ''));
          }
        }
      }),
      { numRuns: 120 },
    );
  });

  it('no proxy gets two listeners for one address, two clusters of one name, or a name in two chains', () => {
    fc.assert(
      fc.property(anyMesh, (mesh) => {
        const compiled = compileMesh(mesh);
        for (const uuid of compiled.state.assignments.keys()) {
          const outbounds = compiled.outboundsOf(uuid);
          expectUnique(outbounds.flatMap((o) => o.addresses.map((ip) => `${ip}:${o.port}`)));
          expectUnique(outbounds.map((o) => `${o.service.namespace}/${o.service.name}.${o.port}`));
          for (const { domains, whole } of outbounds)
            expectUnique([...domains, ...(whole?.domains ?? [])]);
          const upstreams = new Map(
            outbounds.flatMap(compiled.upstreamsOf).map((upstream) => [upstream.key, upstream]),
          );
          expectUnique(
            [...upstreams.values()].map(
              ({ service, targetPort, choice }) =>
                `${service.namespace}/${service.name}|${targetPort} chosen by the ${choice}`,
            ),
          );
          const { inbound } = compiled.workloadOf(uuid);
          expectUnique(inbound.flatMap((i) => i.serverNames.map((s) => `${s}:${i.targetPort}`)));
        }
      }),
      { numRuns: 120 },
    );
  });

  it('units keep what their types promise', () => {
    fc.assert(
      fc.property(anyMesh, (mesh) => {
        const compiled = compileMesh(mesh);
        for (const upstream of unitsOf(compiled, 'upstream')) {
          expect(upstream.serverPrincipals.length).toBeGreaterThan(0);
          expectUnique(upstream.endpoints.map(({ ip, port }) => `${ip}:${port}`));
        }
        for (const outbound of unitsOf(compiled, 'outbound')) {
          if (outbound.dialect === undefined) expect(outbound.addresses.length).toBeGreaterThan(0);
          expect(outbound.backends.every(({ weight }) => weight > 0)).toBe(true);
          expectUnique(outbound.backends.map(({ upstream }) => upstream));
        }
      }),
      { numRuns: 100 },
    );
  });
});

function placesOf(outbounds: readonly OutboundPolicy[]): readonly string[] {
  return outbounds.flatMap(({ addresses, port }) => addresses.map((ip) => `${ip}:${port}`));
}

function leadsTo({ service, targetPort }: UpstreamPolicy): string {
  return `${service.namespace}/${service.name}:${targetPort}`;
}

function expectNarrower(closed: UpstreamPolicy, open: readonly UpstreamPolicy[]): void {
  const { endpoints, serverPrincipals } = closed;
  expect(open.flatMap((one) => one.endpoints)).toEqual(expect.arrayContaining([...endpoints]));
  // With nobody to call the principal is one that nobody has.
  if (endpoints.length === 0) return;
  const principals = open.flatMap((one) => one.serverPrincipals);
  expect(principals).toEqual(expect.arrayContaining([...serverPrincipals]));
}

function principalsOf({ access }: InboundPolicy): readonly string[] {
  switch (access.kind) {
    case 'http-enforced':
      return access.rules.flatMap(({ principals }) => principals);
    case 'tcp-enforced':
      return access.principals;
    default:
      return [];
  }
}

function expectUnique(texts: readonly string[]): void {
  expect(texts.filter((text, i) => texts.indexOf(text) !== i)).toEqual([]);
}
