import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planMesh, type MeshShape } from './plan.ts';

const shape: MeshShape = { services: 500, replicas: 2, callers: 5, seed: 1, mode: 'smi' };

const anyShape = fc.record({
  services: fc.integer({ min: 8, max: 120 }),
  replicas: fc.integer({ min: 1, max: 3 }),
  callers: fc.integer({ min: 1, max: 6 }),
  seed: fc.integer(),
  mode: fc.constant('smi' as const),
});

describe('planMesh', () => {
  it('gives the same mesh for the same seed, another for another', () => {
    expect(planMesh(shape)).toEqual(planMesh(shape));
    expect(planMesh({ ...shape, seed: 2 }).services).not.toEqual(planMesh(shape).services);
  });

  it('lays out the mesh that the figures are about', () => {
    const plan = planMesh(shape);
    expect(plan.namespaces).toHaveLength(10);
    expect(plan.services).toHaveLength(500);
    expect(plan.services.flatMap((service) => service.pods)).toHaveLength(1000);
    expect(plan.splits).toHaveLength(20);
  });

  it('never repeats an address, a uuid or a name within a namespace', () => {
    fc.assert(
      fc.property(anyShape, (any) => {
        const plan = planMesh(any);
        const pods = plan.services.flatMap((service) => service.pods);
        const names = [...plan.services, ...plan.splits].map(
          (one) => `${one.namespace}/${one.name}`,
        );
        const ips = [...plan.services, ...plan.splits].map((one) => one.clusterIp);
        for (const list of [
          names,
          [...ips, ...pods.map((pod) => pod.ip)],
          pods.map((pod) => pod.uuid),
        ])
          expect(new Set(list).size).toBe(list.length);
      }),
    );
  });

  it('gives every service but the hub the asked number of distinct callers, never itself', () => {
    fc.assert(
      fc.property(anyShape, (any) => {
        const plan = planMesh(any);
        for (const service of plan.services) {
          expect(service.callers).not.toContain(service.index);
          expect(new Set(service.callers).size).toBe(service.callers.length);
          const expected = service.index === plan.hub ? any.services - 1 : any.callers;
          expect(service.callers).toHaveLength(expected);
        }
      }),
    );
  });

  it('splits between two services of one namespace that the same callers may call', () => {
    fc.assert(
      fc.property(anyShape, (any) => {
        const plan = planMesh(any);
        for (const split of plan.splits) {
          const [first, second] = split.backends.map((index) => plan.services[index]);
          expect(first?.namespace).toBe(split.namespace);
          expect(second?.namespace).toBe(split.namespace);
          const outside = (callers: readonly number[] | undefined): number[] =>
            (callers ?? []).filter((caller) => !split.backends.includes(caller));
          expect(outside(first?.callers)).toEqual(outside(second?.callers));
        }
      }),
    );
  });
});
