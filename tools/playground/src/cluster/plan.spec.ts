import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Workload } from './desired.ts';
import { planWorkload, type PlannedPod } from './plan.ts';

function workload(replicas: number, recreate = false): Workload {
  return {
    kind: 'Deployment',
    namespace: 'shop',
    name: 'web',
    replicas,
    recreate,
    labels: new Map(),
    annotations: new Map(),
    rawSpec: {},
    spec: {
      serviceAccount: 'default',
      initContainers: [],
      containers: [],
      volumes: [],
      restartPolicy: 'Always',
      terminationGraceMs: 0,
      hostNetwork: false,
    },
    hash: 'new',
    serviceName: '',
    claims: [],
    file: '',
    line: 0,
  };
}

function pod(number: number, hash: string, ready = true): PlannedPod {
  return { name: `p${number}`, hash, ready, number };
}

describe('planWorkload', () => {
  it('starts what is missing', () => {
    expect(planWorkload(workload(3), [pod(1, 'new')])).toEqual({ start: 2, stop: [] });
  });

  it('stops the youngest of too many, but first those that are not ready', () => {
    const pods = [pod(1, 'new'), pod(2, 'new', false), pod(3, 'new')];
    expect(planWorkload(workload(1), pods)).toEqual({ start: 0, stop: ['p2', 'p3'] });
  });

  it('starts new pods before it stops old ones', () => {
    expect(planWorkload(workload(2), [pod(1, 'old'), pod(2, 'old')])).toEqual({
      start: 2,
      stop: [],
    });
  });

  it('stops an old pod for each new one that is ready', () => {
    const pods = [pod(1, 'old'), pod(2, 'old'), pod(3, 'new'), pod(4, 'new', false)];
    expect(planWorkload(workload(2), pods)).toEqual({ start: 0, stop: ['p1'] });
  });

  it('stops all old ones first with recreate', () => {
    expect(planWorkload(workload(2, true), [pod(1, 'old'), pod(2, 'old')])).toEqual({
      start: 0,
      stop: ['p1', 'p2'],
    });
  });

  it('stops everything of a workload that is gone', () => {
    expect(planWorkload(undefined, [pod(1, 'old'), pod(2, 'new')]).stop).toEqual(['p1', 'p2']);
  });

  it('comes to the wanted pods in a few steps, from any pods, and never has fewer ready ones than it could', () => {
    const anyPods = fc.array(fc.record({ isNew: fc.boolean(), ready: fc.boolean() }), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5 }),
        fc.boolean(),
        anyPods,
        (replicas, recreate, start) => {
          const wanted = workload(replicas, recreate);
          let pods = start.map(({ isNew, ready }, i) => pod(i + 1, isNew ? 'new' : 'old', ready));
          let number = pods.length;
          for (let step = 0; step < 20; step++) {
            const plan = planWorkload(wanted, pods);
            if (plan.start === 0 && plan.stop.length === 0 && pods.every(({ ready }) => ready))
              break;
            const readyBefore = pods.filter(({ ready }) => ready).length;
            pods = pods.filter(({ name }) => !plan.stop.includes(name));
            const readyAfter = pods.filter(({ ready }) => ready).length;
            if (!recreate)
              expect(readyAfter).toBeGreaterThanOrEqual(Math.min(readyBefore, replicas));
            for (let i = 0; i < plan.start; i++) pods.push(pod(++number, 'new', false));
            // One pod gets ready per step.
            const next = pods.find(({ ready }) => !ready);
            pods = pods.map((each) => (each === next ? { ...each, ready: true } : each));
          }
          expect(pods.map(({ hash }) => hash)).toEqual(
            Array.from({ length: replicas }, () => 'new'),
          );
        },
      ),
    );
  });
});
