import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answers, call } from '../harness/calls.ts';
import { apply, remove, tryApply } from '../harness/kubectl.ts';
import { useMesh } from '../harness/mesh.ts';
import { allReady } from '../harness/pods.ts';
import { httpRoutes, trafficTarget } from '../harness/policy.ts';
import { openStory } from '../harness/story.ts';
import { workload } from '../harness/workloads.ts';

const rule = (match: string) => [{ kind: 'HTTPRouteGroup', name: 'routes', matches: [match] }];

describe('smi_traffic_target: two clients, each with a route of its own', () => {
  const story = openStory();
  afterAll(story.end);
  const caller = (app: string) => ({ namespace: home, app });
  const account = (name: string) => ({ name, namespace: home });
  const target = (name: string, match: string, in_ = namespace) =>
    trafficTarget(
      { name, namespace: in_ },
      { name: 'server', namespace },
      [account(name)],
      rule(match),
    );
  let home = '';
  let namespace = '';
  let url = '';

  beforeAll(async () => {
    await useMesh();
    home = await story.namespace('clients');
    namespace = await story.namespace('server');
    url = `http://server.${namespace}`;
    const ports = [{ name: 'http', port: 80, targetPort: 8080 }];
    await apply(
      ...workload({ name: 'server', namespace, serves: ['http:8080'], ports }),
      ...['alice', 'bob', 'mallory'].flatMap((name) => workload({ name, namespace: home })),
      httpRoutes({ name: 'routes', namespace }, [
        { name: 'a', pathRegex: '/a', methods: ['GET'] },
        { name: 'b', pathRegex: '/b', methods: ['GET'] },
        { name: 'told', pathRegex: '/told', methods: ['GET'], headers: [{ 'x-word': 'please' }] },
      ]),
      target('alice', 'a'),
      target('bob', 'b'),
    );
    await allReady(namespace, home);
  });

  it('lets each client do what its own target says', async () => {
    await answers(caller('alice'), { url: `${url}/a` }, '200');
    await answers(caller('bob'), { url: `${url}/b` }, '200');
  });

  it("answers 403 on the other client's route", async () => {
    await answers(caller('alice'), { url: `${url}/b` }, '403');
    await answers(caller('bob'), { url: `${url}/a` }, '403');
  });

  it('answers 404 where no route matches: another path, another method', async () => {
    await answers(caller('alice'), { url: `${url}/c` }, '404');
    await answers(caller('alice'), { url: `${url}/a`, method: 'POST' }, '404');
  });

  it('asks for the headers that a route names', async () => {
    await apply(
      trafficTarget(
        { name: 'alice-told', namespace },
        { name: 'server', namespace },
        [account('alice')],
        rule('told'),
      ),
    );
    const headers = { 'x-word': 'please' };
    await answers(caller('alice'), { url: `${url}/told`, headers }, '200');
    await answers(caller('alice'), { url: `${url}/told` }, '404');
  });

  it('refuses a client that may call nothing', () =>
    answers(caller('mallory'), { url: `${url}/a` }, 'refused'));

  it("is not opened by a target outside the server's namespace: it is refused", async () => {
    const { errors } = await tryApply(target('mallory', 'a', home));
    expect(errors).toContain('a TrafficTarget lives in the namespace of its destination');
    // Mallory gets one path in the right way: when that works, the wrong one would, too.
    await apply(target('mallory', 'b'));
    await answers(caller('mallory'), { url: `${url}/b` }, '200');
    expect((await call(caller('mallory'), { url: `${url}/a` })).words).toEqual({ '403': 1 });
  });

  it('refuses who has nothing left when the policy is deleted', async () => {
    await remove(target('bob', 'b'));
    await answers(caller('bob'), { url: `${url}/b` }, 'refused');
    await answers(caller('alice'), { url: `${url}/a` }, '200');
  });
});
