import { afterAll, beforeAll, describe } from 'vitest';
import { startTestMesh, type TestMesh } from '../../src/playground-mesh.ts';
import { clusterStories } from './cluster.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import { printFigures } from './figures.ts';
import { oneServerStories } from './one-server.ts';
import { silentServerStories } from './silent-server.ts';

// Real NATS, the five services as processes, proxies that record everything they are told. The stories of a server run in turn; those
// of different servers side by side, because they mostly wait. Nothing is measured while anything still starts.

let single: ControlPlane;
let cluster: ControlPlane;
let mesh: TestMesh;
beforeAll(async () => {
  [single, cluster, mesh] = await Promise.all([
    startControlPlane({ host: '127.0.0.2', natsServers: 1, replicas: 2 }),
    startControlPlane({ host: '127.0.0.3', natsServers: 3, replicas: 1 }),
    startTestMesh('resilience', 2),
  ]);
}, 240_000);
afterAll(async () => {
  await Promise.all([single, cluster, mesh].map((each) => each?.close()));
  printFigures();
}, 60_000);

describe.concurrent('NATS in trouble', () => {
  describe('one server', () => oneServerStories(() => single));
  describe('a silent server', () => silentServerStories(() => mesh));
  describe('a cluster of three', () => clusterStories(() => cluster));
});
