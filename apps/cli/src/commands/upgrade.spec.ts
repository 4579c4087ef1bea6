import { createFakeClock } from '@osm/testkit';
import { describe, expect, it } from 'vitest';
import {
  createFakeCluster,
  createFakeHelm,
  createFakeTerminal,
  putMesh,
} from '../../testing/index.ts';
import { upgrade } from './upgrade.ts';

async function failedUpgrade(status: string): Promise<unknown> {
  const cluster = createFakeCluster();
  putMesh(cluster);
  const { terminal } = createFakeTerminal();
  const { helm } = createFakeHelm([{ name: 'osm', namespace: 'osm-system', status }], {
    upgrade: { status: 1, error: 'Error: UPGRADE FAILED: no' },
  });
  const tools = { server: cluster.server, terminal, helm, clock: createFakeClock() };
  const options = { chart: '/chart', meshName: 'osm', timeout: '5m', set: [], values: [] };
  return upgrade(tools, options).catch((thrown: unknown) => thrown);
}

describe('osm mesh upgrade', () => {
  it('says how to go back after a revision that failed', async () => {
    expect(String(await failedUpgrade('failed'))).toMatch(
      /failed: no\n.*helm rollback osm --namespace osm-system$/,
    );
  });

  it('advises no rollback when helm has changed nothing: it would undo the upgrade before', async () => {
    expect(String(await failedUpgrade('deployed'))).toMatch(/failed: no\nnothing was changed$/);
  });
});
