import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EtcdCluster } from './etcd-cluster.ts';
import { startTestMesh, type TestMesh } from './playground-mesh.ts';
import { addressesOf, connectFrom, get, podNamed, talk, type LineConnection } from './tcp-lines.ts';
import { sleep, until } from './waiting.ts';

// TCP and names on real Envoys: docs/workloads.md has a row for each of these. Connections that are opened before everything else must
// outlive all of it, and the drain time of what changed.

const drainMs = 30_000;

describe('TCP, headless services and names', () => {
  let mesh: TestMesh;
  let playground: TestMesh['playground'];
  const held = new Map<string, LineConnection>();
  let changedAt = 0;

  const say = (from: string, name: string, port: number, line = 'hello mesh') =>
    talk(playground, from, [name, port], line);
  const hears = (from: string, name: string, port: number, wanted: RegExp | string) =>
    until(`${from} hears ${wanted} from ${name}:${port}`, 15_000, async () =>
      new RegExp(wanted).test(await say(from, name, port)),
    );
  const podsOf = (owner: string) => playground.pods.filter((pod) => pod.blueprint.owner === owner);
  const write = (name: string, text: string): void =>
    writeFileSync(join(playground.directory, `${name}.yaml`), text);
  const expectHeld = async (): Promise<void> => {
    const ended: string[] = [];
    for (const [name, connection] of held) {
      if (!/: still there\?$/.test(await connection.ask('still there?'))) ended.push(name);
    }
    expect(ended).toEqual([]);
  };

  beforeAll(async () => {
    const image = resolve(import.meta.dirname, '../images/tcp');
    mesh = await startTestMesh('shapes-tcp', 1, {}, new Map([['e2e/tcp', image]]));
    playground = mesh.playground;
    const [peer] = podsOf('peer');
    const places: readonly (readonly [string, number])[] = [
      [peer?.blueprint.ip ?? '', 6000],
      ['db-0.db', 5000],
      ['kin', 5001],
      ['by-number', 25],
    ];
    for (const place of places) {
      await hears('cli', ...place, 'hello|220');
      const connection = await connectFrom(playground, 'cli', place);
      if (place[0] === 'by-number') await connection.hear();
      held.set(place.join(':'), connection);
    }
    await expectHeld();
  }, 120_000);
  afterAll(async () => {
    for (const connection of held.values()) connection.close();
    await mesh.close();
  }, 60_000);

  it('keeps connections open over pods, policies and services that come and do not concern them', async () => {
    mesh.edit((text) =>
      text
        .replace(
          /(metadata: \{ name: peer, namespace: tcp \}\nspec:\n\s+)replicas: 2/,
          '$1replicas: 3',
        )
        .replace(/(serviceName: db\n\s+)replicas: 2/, '$1replicas: 3')
        .replace(
          /(name: db, namespace: tcp \}\n\s+rules:\n.*\n\s+sources:\n)/,
          `$1${source('other')}`,
        )
        .concat(late),
    );
    await until('new pods are ready', 30_000, () => playground.settled(1000));
    await hears('cli', 'db-2.db', 5000, 'db-2: hello');
    await hears('other', 'db-0.db', 5000, 'db-0: hello');
    await hears('cli', 'late', 7150, '^220');
    for (const { blueprint } of podsOf('peer'))
      await hears('cli', blueprint.ip, 6000, blueprint.name);
    await expectHeld();
    mesh.edit((text) => text.replaceAll('replicas: 3', 'replicas: 2').replace(source('other'), ''));
    await until('other is refused', 10_000, async () =>
      ['refused', 'closed'].includes(await say('other', 'db-0.db', 5000)),
    );
    await until('the pods are gone', 10_000, () => playground.settled(1000));
    await expectHeld();
  }, 60_000);

  it('follows endpoints that somebody writes by hand from one pod to another', async () => {
    for (const name of ['db-0', 'db-1']) {
      write('leader', sliceOf('leader', podNamed(playground, name).blueprint.ip, 5000));
      await hears('cli', 'leader', 5000, `^${name}: hello`);
    }
  }, 40_000);

  it('leaves what is outside the mesh alone: reset without egress, plain with it, also in permissive mode', async () => {
    write('outside', endpointsOf('outside', podNamed(playground, 'away').blueprint.ip, 5000));
    const host = podNamed(playground, 'host');
    expect(host.view().isMeshed).toBe(false);
    const outside: readonly (readonly [string, number, string])[] = [
      ['outside', 5000, 'away-'],
      ['away', 5000, 'away-'],
      ['away.out', 5000, 'away-'],
      [host.blueprint.ip, 5004, 'host-'],
    ];
    for (const [name, port] of outside) expect(await say('cli', name, port), name).toBe('closed');
    expect(await say('host', podNamed(playground, 'db-0').blueprint.ip, 5000)).toBe('closed');
    mesh.edit((text) => text.replace('enableEgress: false', 'enableEgress: true'));
    for (const [name, port, by] of outside) await hears('cli', name, port, `^${by}`);
    mesh.edit((text) => text.replace('TrafficPolicyMode: false', 'TrafficPolicyMode: true'));
    await hears('other', 'db-0.db', 5000, '^db-0');
    for (const [name, port, by] of outside) await hears('other', name, port, `^${by}`);
    expect(await say('other', 'leader', 5000)).toMatch(/^db-1: hello/);
    mesh.edit((text) =>
      text
        .replace('TrafficPolicyMode: true', 'TrafficPolicyMode: false')
        .replace('enableEgress: true', 'enableEgress: false'),
    );
    await until(
      'policy is back',
      10_000,
      async () => (await say('other', 'db-any', 5000)) === 'refused',
    );
    changedAt = Date.now();
    await expectHeld();
  }, 60_000);

  it('gets to the pods of a StatefulSet by name, and to any of them by the name of the service', async () => {
    expect(await say('cli', 'db-0.db', 5000)).toBe('db-0: hello mesh');
    expect(await say('cli', 'db-1.db.tcp.svc.cluster.local', 5000)).toBe('db-1: hello mesh');
    expect(await get(playground, 'cli', 'http://db-1.db:8080/')).toEqual({
      status: 200,
      body: 'db-1',
    });
    const bodies = new Set<string>();
    for (let i = 0; i < 12; i++) bodies.add((await get(playground, 'cli', 'http://db:8080/')).body);
    expect(bodies.size).toBeGreaterThan(1);
  });

  it('gets to the very pod of a Deployment whose address is dialled, on the port of the headless service', async () => {
    for (const { blueprint } of podsOf('peer')) {
      for (let i = 0; i < 4; i++)
        expect(await say('cli', blueprint.ip, 6000)).toBe(`${blueprint.name}: hello mesh`);
    }
    const [kin] = podsOf('kin.dotted');
    expect(await say('cli', kin?.blueprint.ip ?? '', 5001)).toBe('closed');
  });

  it('serves pods that are behind a normal service, two headless ones with the same port, and one without ports', async () => {
    expect(await say('cli', 'db-any', 5000)).toMatch(/^db-\d: hello/);
    expect((await get(playground, 'cli', 'http://db-any:8080/')).status).toBe(200);
    expect(await say('cli', 'db-twin', 5000)).toMatch(/^db-\d: hello/);
    expect(addressesOf(podNamed(playground, 'cli'), 'db-bare')).toHaveLength(2);
    expect(await say('cli', 'db-bare', 5000)).toMatch(/^db-\d: hello/);
  });

  it('serves several services and ports of pods that share an account, where the TCPRoute has the target port', async () => {
    expect(await say('cli', 'kin', 5001)).toMatch(/^kin\.dotted-.*: hello/);
    expect(await say('cli', 'kin-alias', 7001)).toMatch(/^kin\.dotted-.*: hello/);
    expect(await say('peer', 'kin', 5001)).toMatch(/^kin\.dotted-.*: hello/);
    expect(await say('kin.dotted', podNamed(playground, 'peer').blueprint.ip, 6000)).toMatch(
      /^peer-/,
    );
    expect(await say('cli', 'kin', 5002)).toBe('closed');
    expect(await say('other', 'kin', 5001)).toBe('refused');
  });

  it('hears servers that speak first: at once where number, name or appProtocol tell so, after a moment elsewhere', async () => {
    const waits = async (): Promise<number> => {
      const stats = await mesh.admin('cli', '/stats?filter=15001.downstream_pre_cx_timeout');
      return Number(/: (\d+)/.exec(stats)?.[1] ?? 0);
    };
    const before = await waits();
    const places = [
      ['by-number', 25],
      ['by-name', 7100],
      ['by-app-protocol', 7101],
      ['declared', 7102],
    ] as const;
    for (const place of places)
      expect(await talk(playground, 'cli', place)).toMatch(/^220 banner-/);
    expect(await waits()).toBe(before);
    expect(await talk(playground, 'cli', ['only-tcp', 7103])).toMatch(/^220 banner-/);
    expect(await say('cli', 'kin', 5001, 'x')).toMatch(/: x$/);
    expect(await waits()).toBe(before + 2);
  });

  it('reaches a pod that is not ready where its headless service publishes it, and not elsewhere', async () => {
    const slow = podNamed(playground, 'slow');
    const ask = (path: string) =>
      playground.dialer.http(slow.instance?.pid ?? 0, { port: 8081, path });
    await ask('/down');
    await until('it is not ready', 10_000, () => !slow.ready);
    await until('slow-ready has no endpoint', 5_000, async () =>
      ['closed', 'refused'].includes(await say('cli', 'slow-ready', 5003)),
    );
    expect(await say('cli', 'slow', 5003)).toMatch(/^slow-/);
    await ask('/up');
    await hears('cli', 'slow-ready', 5003, '^slow-');
  }, 40_000);

  it('gets to an ExternalName service that stands for one of the mesh, by HTTP too', async () => {
    expect(await say('cli', 'alias', 5000)).toMatch(/^db-\d: hello/);
    expect(await get(playground, 'cli', 'http://alias:8080/')).toMatchObject({ status: 200 });
  });

  it('finds a pod that was deleted and came again under its name with another address', async () => {
    const before = podNamed(playground, 'db-1').blueprint.ip;
    expect(playground.controller.deletePod('tcp/db-1')).toBe(true);
    await until('db-1 is back', 30_000, () =>
      playground.pods.some(
        ({ blueprint, ready }) => blueprint.name === 'db-1' && blueprint.ip !== before && ready,
      ),
    );
    await hears('cli', 'db-1.db', 5000, '^db-1: hello');
    expect(podNamed(playground, 'db-1').blueprint.ip).not.toBe(before);
  }, 60_000);

  describe('etcd, three members that know each other by their names', () => {
    let etcd: EtcdCluster;
    const others = (member: string) => etcd.members.filter((name) => name !== member);
    beforeAll(async () => {
      etcd = new EtcdCluster(playground);
      await etcd.start();
    }, 90_000);

    it('form a cluster through the mesh, and each has what was written to another', async () => {
      await etcd.put('etcd-0', 'first', 'one');
      for (const member of etcd.members) expect(await etcd.read(member, 'first')).toBe('one');
      expect(await say('cli', 'etcd-any.etcd', 2379, 'GET /version HTTP/1.0\r\n\r')).toContain(
        '200 OK',
      );
    });

    it('speak to each other over mTLS, and with nobody else', async () => {
      for (const member of others('etcd-0')) {
        const name = `cluster.etcd/${member}.etcd|2380`;
        expect(await etcd.statistic('etcd-0', `${name}.upstream_cx_active`)).toBeGreaterThan(0);
        expect(await etcd.statistic('etcd-0', `${name}.ssl.handshake`)).toBeGreaterThan(0);
      }
      const { ip } = podNamed(playground, 'etcd-0').blueprint;
      expect(await say('away', ip, 2379)).toBe('closed');
      expect(await say('cli', ip, 2380)).toBe('closed');
    });

    it('vote again when their leader is killed, and take it in again', async () => {
      const before = await etcd.nameOfLeader();
      const [one = ''] = others(before);
      const term = await etcd.term(one);
      etcd.kill(before);
      await until('they have voted', 20_000, async () => (await etcd.term(one)) > term);
      await etcd.put(one, 'second', 'two');
      await etcd.agree('the killed one is back');
      await until(
        'it has caught up',
        10_000,
        async () => (await etcd.read(before, 'second', true)) === 'two',
      );
    }, 60_000);

    it('hand leadership over, and replace a member that comes back with another address', async () => {
      const from = await etcd.nameOfLeader();
      const [to = '', gone = ''] = others(from);
      await etcd.moveLeader(from, to);
      const { ip } = podNamed(playground, gone).blueprint;
      playground.controller.deletePod(`etcd/${gone}`);
      await etcd.put(to, 'third', 'three');
      await until(
        'it is back',
        40_000,
        () => etcd.areReady && podNamed(playground, gone).blueprint.ip !== ip,
      );
      await etcd.agree('all agree again');
      await until(
        'it has caught up',
        10_000,
        async () => (await etcd.read(gone, 'third', true)) === 'three',
      );
      expect(await etcd.read(gone, 'first', true)).toBe('one');
    }, 90_000);
  });

  it('has kept all connections when what changed has been drained', async () => {
    await sleep(Math.max(0, changedAt + drainMs + 2_000 - Date.now()));
    await expectHeld();
  }, 60_000);
});

function source(account: string): string {
  return `    - { kind: ServiceAccount, name: ${account}, namespace: tcp }\n`;
}

/** More services over pods that hold connections: one over the same ports, one where the server speaks first on a port of its own. */
const late = `---
apiVersion: v1
kind: Service
metadata: { name: db-late, namespace: tcp }
spec:
  selector: { app: db }
  ports:
    - { name: tcp-echo, port: 5000 }
---
apiVersion: v1
kind: Service
metadata: { name: late, namespace: tcp }
spec:
  selector: { app: banner }
  ports:
    - { name: tcp-server-first-late, port: 7150, targetPort: 2525 }
`;

function sliceOf(service: string, ip: string, port: number): string {
  return `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${service}-1, namespace: tcp, labels: { kubernetes.io/service-name: ${service} } }
addressType: IPv4
ports: [{ name: tcp-echo, port: ${port} }]
endpoints: [{ addresses: [${ip}] }]
`;
}

function endpointsOf(service: string, ip: string, port: number): string {
  return `apiVersion: v1
kind: Endpoints
metadata: { name: ${service}, namespace: tcp }
subsets: [{ addresses: [{ ip: ${ip} }], ports: [{ name: tcp-echo, port: ${port} }] }]
`;
}
