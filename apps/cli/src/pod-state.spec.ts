import { describe, expect, it } from 'vitest';
import { describePodState, stateOfPod } from './pod-state.ts';

const pod = (status: unknown): Parameters<typeof stateOfPod>[0] => ({
  metadata: { name: 'p' },
  status,
});
const container = (state: unknown, rest = {}): unknown => ({
  containerStatuses: [{ name: 'c', ready: false, state, ...rest }],
});

describe('stateOfPod', () => {
  it.each([
    ['nothing yet', undefined, 'creating', 'is being created'],
    ['being made', container({ waiting: { reason: 'ContainerCreating' } }), 'creating', /created/],
    ['running', { phase: 'Running', ...Object(container({ running: {} })) }, 'starting', /yet: c/],
    [
      'ready',
      { conditions: [{ type: 'Ready', status: 'True' }], ...Object(container({ running: {} })) },
      'ready',
      'ready',
    ],
    [
      'ended, and still called ready',
      {
        conditions: [{ type: 'Ready', status: 'True' }],
        ...Object(container({ terminated: { exitCode: 0 } })),
      },
      'done',
      'done',
    ],
    [
      'unschedulable',
      { conditions: [{ type: 'PodScheduled', status: 'False', message: '0/1 nodes' }] },
      'troubled',
      'not scheduled: 0/1 nodes',
    ],
    [
      'without its image',
      container({ waiting: { reason: 'ImagePullBackOff', message: 'no such image' } }),
      'troubled',
      'c: ImagePullBackOff: no such image',
    ],
    [
      'crashing',
      container({ waiting: { reason: 'CrashLoopBackOff', message: 'noise' } }, { restartCount: 2 }),
      'crashed',
      'c: CrashLoopBackOff, 2 restarts',
    ],
    [
      'crashed now',
      container({ terminated: { reason: 'Error', exitCode: 2 } }),
      'crashed',
      'c: Error, exit status 2',
    ],
    ['evicted', { phase: 'Failed', reason: 'Evicted' }, 'troubled', 'failed: Evicted'],
  ])('%s', (_, status, kind, text) => {
    const state = stateOfPod(pod(status));
    expect(state.kind).toBe(kind);
    expect(describePodState(state)).toMatch(text);
  });
});
