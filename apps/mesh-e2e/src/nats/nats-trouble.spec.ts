import { afterAll, describe } from 'vitest';
import { clusterStories } from './cluster.ts';
import { printFigures } from './figures.ts';
import { oneServerStories } from './one-server.ts';
import { silentServerStories } from './silent-server.ts';

// Real NATS, the five services as processes, proxies that record everything they are told. The stories of a server run in turn; those
// of different servers side by side, because they mostly wait.

afterAll(printFigures);
describe.concurrent('NATS in trouble', () => {
  describe('one server', oneServerStories);
  describe('a silent server', silentServerStories);
  describe('a cluster of three', clusterStories);
});
