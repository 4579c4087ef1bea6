import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestMesh, type TestMesh } from './playground-mesh.ts';
import { makeGrpcImage, type GrpcImage } from './proxyless-image.ts';
import { until } from './waiting.ts';

// gRPC with and without sidecars in one mesh: `press` and `buyer` speak xDS themselves (grpc-js-xds), `store` and `till` have a sidecar.
// Certificates live eight seconds, so that every story is also one about rotation.

const storeBuy = 'store.books.svc.cluster.local:80/Buy';
const storeBrowse = 'store.books.svc.cluster.local:80/Browse';
const pressBuy = 'press.books:80/Buy';
const pressBrowse = 'press.books:80/Browse';

describe('gRPC without a sidecar', () => {
  let image: GrpcImage;
  let mesh: TestMesh;

  const lines = (deployment: string, container = 'app'): readonly Line[] => {
    const pod = mesh.playground.pods.find(({ blueprint }) => blueprint.owner === deployment);
    const found = pod?.view().containers.find(({ name }) => name === container);
    if (found === undefined) return [];
    return readFileSync(found.logPath, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Line);
  };
  const outcome = (deployment: string, call: string): string =>
    lines(deployment).findLast((line) => line.call === call && line.outcome !== undefined)
      ?.outcome ?? 'nothing yet';
  const becomes = (deployment: string, call: string, wanted: RegExp, limitMs = 10_000) =>
    until(`${deployment} calling ${call}: ${String(wanted)}`, limitMs, () =>
      wanted.test(outcome(deployment, call)),
    ).catch((thrown: unknown) => {
      const said = lines(deployment).filter((line) => line.call === call && line.outcome);
      const renewed = lines(deployment, 'osm-grpc-agent').at(-1);
      const story = [...said.slice(-8), { now: Date.now(), renewed }];
      throw new Error(`${String(thrown)}; it said: ${JSON.stringify(story)}`, { cause: thrown });
    });
  /** Calls that were made by then. */
  const calls = (deployment: string, call: string): number =>
    lines(deployment).findLast((line) => line.call === call)?.calls ?? 0;
  /** As many as take a second at least, in which gRPC reads its files again. */
  const moreCalls = (deployment: string): Promise<void> => {
    const before = calls(deployment, pressBuy);
    return until('more calls', 20_000, () => calls(deployment, pressBuy) > before + 50);
  };
  const answering = (deployment: string, call: string): readonly string[] =>
    lines(deployment).findLast((line) => line.call === call && line.by !== undefined)?.by ?? [];
  const since = (deployment: string, call: string, ms: number): readonly string[] =>
    lines(deployment)
      .filter((line) => line.call === call && line.at >= ms)
      .flatMap((line) => line.outcome ?? []);

  beforeAll(async () => {
    image = makeGrpcImage();
    const flags = {
      'certificate-manager': ['--min-validity', '1s'],
      'xds-server': ['--cert-validity', '8s'],
    };
    mesh = await startTestMesh('proxyless', 1, flags, new Map([['e2e/grpc', image.directory]]));
  }, 150_000);
  afterAll(async () => {
    await mesh.close();
    image.remove();
  }, 60_000);

  it('calls a server with a sidecar: what policy allows, PERMISSION_DENIED for what others may', async () => {
    await becomes('buyer', storeBuy, /^OK/, 30_000);
    await becomes('buyer', storeBrowse, /^PERMISSION_DENIED/, 30_000);
  }, 70_000);

  it('calls one without, which decides for itself', async () => {
    await becomes('buyer', pressBuy, /^OK/, 30_000);
    await becomes('buyer', pressBrowse, /^PERMISSION_DENIED/, 30_000);
  }, 70_000);

  it('is called from behind a sidecar', async () => {
    await becomes('till', 'press.books:80/Buy', /^OK/, 30_000);
    await becomes('till', 'press.books:80/Browse', /^PERMISSION_DENIED/, 30_000);
    await becomes('till', 'store.books:80/Browse', /^OK/, 30_000);
  }, 100_000);

  it('refuses who has no certificate', async () => {
    await becomes('outsider', 'plain press.books:80', /^refused/, 30_000);
    await becomes('outsider', 'tls press.books:80', /^refused/, 30_000);
  }, 70_000);

  it('spreads calls as a TrafficSplit says', async () => {
    const seen = new Set<string>();
    await until('store and both presses answer', 20_000, () => {
      for (const by of answering('buyer', 'any.books.svc:80/Buy')) seen.add(by);
      const of = (name: string): number => [...seen].filter((by) => by.startsWith(name)).length;
      return of('store') === 1 && of('press') === 2;
    });
  }, 30_000);

  it('is not let in where no policy names it: it does not even find the service', async () => {
    await becomes('stranger', pressBuy, /^DEADLINE_EXCEEDED: .*name resolution/, 30_000);
  }, 40_000);

  it('renews its certificate without a failed call', async () => {
    const start = Date.now();
    const before = calls('buyer', pressBuy);
    const written = (deployment: string): number =>
      lines(deployment, 'osm-grpc-agent').filter((line) => line.secret === 'identity').length;
    const renewed = written('buyer') + 2;
    await until('two renewals, and calls all the time', 40_000, () => {
      return written('buyer') >= renewed && calls('buyer', pressBuy) > before + 100;
    });
    await moreCalls('buyer');
    expect(since('buyer', pressBuy, start)).toEqual([]);
    expect(since('buyer', storeBuy, start)).toEqual([]);
  }, 60_000);

  it('goes on while the xDS server is killed and comes back', async () => {
    const start = Date.now();
    const servers = mesh.playground.services?.of('xds-server') ?? [];
    for (const server of servers) {
      server.process.kill('SIGKILL');
      await until('the server is gone', 5000, () => !server.isReady);
    }
    await until('the server is back', 30_000, () => servers.every(({ isReady }) => isReady));
    await moreCalls('buyer');
    for (const call of [pressBuy, storeBuy]) expect(since('buyer', call, start)).toEqual([]);
  }, 60_000);

  it('hears of endpoints that go, and of changes after the restart', async () => {
    mesh.edit((text) => text.replace('replicas: 2', 'replicas: 1'));
    await until('one press answers', 20_000, () => answering('buyer', pressBuy).length === 1);
    await becomes('buyer', pressBuy, /^OK/);
  }, 40_000);

  it('is refused by the server when its access is taken away, and let in again when it comes back', async () => {
    mesh.edit((text) => rule(text, 'till-to-press', 'buy', 'browse'));
    await becomes('till', 'press.books:80/Buy', /^PERMISSION_DENIED/);
    await becomes('till', 'press.books:80/Browse', /^OK/);
    mesh.edit((text) => source(text, 'buyer-to-press', 'buyer', 'nobody'));
    await becomes('buyer', pressBuy, /^(PERMISSION_DENIED|UNAVAILABLE)/);
    expect(outcome('buyer', storeBuy)).toBe('OK');
    mesh.edit((text) => source(text, 'buyer-to-press', 'nobody', 'buyer'));
    await becomes('buyer', pressBuy, /^OK/);
  }, 60_000);

  it('may do everything in permissive mode', async () => {
    mesh.edit((text) =>
      text.replace(
        'enablePermissiveTrafficPolicyMode: false',
        'enablePermissiveTrafficPolicyMode: true',
      ),
    );
    await becomes('buyer', pressBrowse, /^OK/);
    await becomes('buyer', storeBrowse, /^OK/);
    // Who hears of the server before the server hears of it is refused once, and waits as long as gRPC likes.
    await becomes('stranger', pressBuy, /^OK/, 40_000);
    expect(outcome('outsider', 'plain press.books:80')).toBe('refused');
  }, 90_000);
});

interface Line {
  readonly at: number;
  readonly call?: string;
  readonly outcome?: string;
  readonly calls?: number;
  readonly by?: readonly string[];
  /** Of the agent: what it has written. */
  readonly secret?: string;
}

/** Replaces a text in the TrafficTarget of that name. */
function inTarget(text: string, target: string, from: string, to: string): string {
  const documents = text.split('---\n');
  return documents
    .map((document) =>
      document.includes(`name: ${target},`) ? document.replace(from, to) : document,
    )
    .join('---\n');
}

function rule(text: string, target: string, from: string, to: string): string {
  return inTarget(text, target, `matches: [${from}]`, `matches: [${to}]`);
}

function source(text: string, target: string, from: string, to: string): string {
  return inTarget(text, target, `name: ${from}, namespace`, `name: ${to}, namespace`);
}
