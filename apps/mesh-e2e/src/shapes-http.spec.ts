import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestMesh, type TestMesh } from './playground-mesh.ts';
import { clientIn, podOf, SidecarMemory, type ShapesClient } from './shapes-agent.ts';
import { makeShapesImage, type ShapesImage } from './shapes-image.ts';
import { until } from './waiting.ts';

// What programs say to each other over HTTP and what travels on it, through both sidecars: docs/workloads.md. First under policy, then
// in permissive mode; what does not depend on the mode once.

const gibibyte = 2 ** 30;
const mebibyte = 2 ** 20;

/** Events, messages and an answer that take long, begun before the others: they outlast them, and a change of the mode. */
interface LongOnes {
  readonly events: ReturnType<ShapesClient['events']>;
  readonly websocket: ReturnType<ShapesClient['websocket']>;
  readonly stream: ReturnType<ShapesClient['callGrpc']>;
  readonly answer: ReturnType<ShapesClient['call']>;
}

/** A stream that ends when its reader does. */
const endless = { to: 1e9, gap: 20 };

const quietMs = 16_000;

let image: ShapesImage;
let mesh: TestMesh;
let client: ShapesClient;
let far: ShapesClient;
let stranger: ShapesClient;
let twin: ShapesClient;
let long: LongOnes;

beforeAll(async () => {
  image = await makeShapesImage();
  mesh = await startTestMesh('shapes-http', 1, {}, new Map([['e2e/shapes', image.directory]]));
  client = clientIn(mesh.playground, 'client');
  far = clientIn(mesh.playground, 'far-client');
  stranger = clientIn(mesh.playground, 'stranger');
  twin = clientIn(mesh.playground, 'twin-1');
  await until('the client is served', 20_000, async () => (await get('web')).status === 200);
  const url = 'http://web';
  long = {
    events: client.events({ url: `${url}/events?to=2&gap=${quietMs}` }),
    websocket: client.websocket({ url: `${url}/`, messages: ['still there?'], pauseMs: quietMs }),
    stream: client.callGrpc({ target: 'web:9090', call: 'count', to: 2, gap: quietMs }),
    answer: client.call({ url: `${url}/slow?ms=${quietMs}` }),
  };
}, 120_000);

afterAll(async () => {
  try {
    await mesh.close();
  } finally {
    image.remove();
  }
}, 60_000);

/** A GET of the echo page; the Host header may say another name. */
async function get(host: string, header = host, from = client) {
  const answer = await from.call({ url: `http://${host}/echo`, headers: { host: header } });
  const { status, error, text = '' } = answer;
  const page = text.startsWith('{') ? (JSON.parse(text) as Page) : undefined;
  return { status, error, page, by: page?.name };
}

interface Page {
  readonly name: string;
  readonly port: number;
  readonly method: string;
  readonly url: string;
  readonly tls?: string;
  readonly headers: Readonly<Record<string, string>>;
}

const enforced = { name: 'under policy', permissive: false };
const permissive = { name: 'in permissive mode', permissive: true };

describe.each([enforced, permissive])('$name', (mode) => {
  beforeAll(async () => {
    if (!mode.permissive) return;
    mesh.edit((text) => text.replace('PolicyMode: false', 'PolicyMode: true'));
    await until(
      'everybody may call',
      10_000,
      async () => (await get('web', 'web', stranger)).status === 200,
    );
  }, 15_000);

  describe('gRPC', () => {
    const target = 'web:9090';

    it('answers one message with one, and a trailer', async () => {
      expect(
        await client.callGrpc({ target, call: 'unary', message: { say: 'hello' } }),
      ).toMatchObject({
        answer: { by: 'web', said: 'hello' },
        status: 'OK',
        trailer: 'from the end',
      });
    });

    it("tells the server's status with its trailer", async () => {
      expect(
        await client.callGrpc({ target, call: 'unary', message: { fail: true } }),
      ).toMatchObject({
        code: 'FAILED_PRECONDITION',
        details: 'as asked',
        trailer: 'from the end',
      });
    });

    it('takes a stream of messages', async () => {
      const messages = ['one', 'two', 'three'];
      expect(await client.callGrpc({ target, call: 'collect', messages })).toMatchObject({
        answer: { said: messages },
      });
    });

    it('gives a stream of messages', async () => {
      expect(await client.callGrpc({ target, call: 'count', to: 3 })).toEqual({
        ...{ numbers: [1, 2, 3], status: 'OK' },
      });
    });

    it('gives each message of a stream when it is sent, not at the end', async () => {
      const { numbers } = await client.callGrpc({ target, call: 'count', ...endless, take: 3 });
      expect(numbers).toEqual([1, 2, 3]);
    });

    it('lets both sides talk in turn', async () => {
      const messages = ['how', 'are', 'you'];
      expect(await client.callGrpc({ target, call: 'chat', messages })).toEqual({
        heard: messages,
        status: 'OK',
      });
    });

    it('tells the server that a call was cancelled or is too late', async () => {
      const count = async () =>
        Number((await client.callGrpc({ target, call: 'cancelled' })).cancelled);
      const before = await count();
      const message = { wait: 60_000 };
      const calls = await Promise.all([
        client.callGrpc({ target, call: 'unary', message, deadlineMs: 200 }),
        client.callGrpc({ target, call: 'unary', message, cancelAfterMs: 200 }),
        client.callGrpc({ target, call: 'count', ...endless, take: 3 }),
      ]);
      expect(calls.map(({ status }) => status)).toEqual([
        'DEADLINE_EXCEEDED',
        'CANCELLED',
        'CANCELLED',
      ]);
      await until('the server knows', 5000, async () => (await count()) === before + 3);
    });
  });

  it('HTTP/2 with prior knowledge: 1,000 requests at a time on one connection', async () => {
    const answers = await client.callHttp2({
      ...{ url: 'http://web:81', path: '/slow?ms=200', times: 1000 },
    });
    expect(answers).toHaveLength(1000);
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
      new Set([JSON.stringify({ status: 200, by: 'web', text: 'done' })]),
    );
  });

  it('WebSocket: the server has the first word, then they talk in turn', async () => {
    expect(await client.websocket({ url: 'http://web/', messages: ['one', 'two'] })).toEqual({
      status: 101,
      heard: ['hello', 'heard one', 'heard two'],
    });
  });

  it('server-sent events arrive when they are sent, not at the end', async () => {
    const { to, gap } = endless;
    const url = `http://web/events?to=${to}&gap=${gap}`;
    const { came } = await client.events({ url, take: 3 });
    expect(came.map(({ data }) => data)).toEqual(['1', '2', '3']);
  });

  describe('HTTPS of the application', () => {
    it.each([
      ['appProtocol: https', 'https://secure'],
      ["the prefix tcp- of the port's name", 'https://secure:8443'],
    ])('goes through as it is, declared by %s', async (_, url) => {
      const { status, text = '{}' } = await client.call({ url: `${url}/echo` });
      expect(status).toBe(200);
      const page = JSON.parse(text) as Page;
      expect(page).toMatchObject({ name: 'web', port: 8443, tls: 'TLSv1.3' });
      // Nobody has touched it on its way.
      expect(Object.keys(page.headers).sort()).toEqual(['connection', 'host']);
    });

    it('is no HTTP: a port that is only named https gives clients a TLS error', async () => {
      expect(await client.call({ url: 'https://mistaken/echo' })).toMatchObject({
        error: 'EPROTO',
      });
    });
  });

  describe('services and names', () => {
    it.each(['web', 'second', 'third:8080', 'third:8090', 'pods:8080'])(
      '%s is one of several services over the same port of the same pod',
      async (host) => {
        expect(await get(host)).toMatchObject({ status: 200, page: { name: 'web', port: 8080 } });
      },
    );

    it('a port of the pods may be named, with another number in each pod', async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => get('named')));
      expect(new Set(answers.map(({ page }) => `${page?.name} ${page?.port}`))).toEqual(
        new Set(['named-1 7001', 'named-2 7002']),
      );
    });

    it('so may a port that speaks gRPC', async () => {
      const unary = { target: 'named:90', call: 'unary', message: { say: 'hello' } } as const;
      const answers = await Promise.all([1, 2, 3, 4].map(() => client.callGrpc(unary)));
      expect(new Set(answers.map(({ answer }) => answer?.by))).toEqual(
        new Set(['named-1', 'named-2']),
      );
    });

    it('two services of one account, which has dots in its name, are called by others and by each other', async () => {
      expect(await get('twin-1')).toMatchObject({ status: 200, by: 'twin-1' });
      expect(await get('twin-2', 'twin-2', twin)).toMatchObject({ status: 200, by: 'twin-2' });
    });

    it('a pod calls itself by its service', async () => {
      expect(await get('twin-1', 'twin-1', twin)).toMatchObject({ status: 200, by: 'twin-1' });
    });

    const names = ['', '.shapes', '.shapes.svc', '.shapes.svc.cluster', '.shapes.svc.cluster.local']
      .flatMap((suffix) => [`web${suffix}`, `web${suffix}:80`])
      .concat('WEB.Shapes');
    it.each(names)('a service answers to the name %s', async (name) => {
      expect(await get('web', name)).toMatchObject({ status: 200, by: 'web' });
      expect(await get('web.shapes', name, far)).toMatchObject({ status: 200, by: 'web' });
    });

    it.each(['web.shapes.svc.cluster.local.', 'web:81', 'second', 'web.callers'])(
      'it does not answer to %s',
      async (name) => expect(await get('web', name)).toMatchObject({ status: 404 }),
    );
  });

  describe("calls to a pod's address", () => {
    const address = (): string => podOf(mesh.playground, 'web').view().ip;

    it('reach the pod when a headless service names it', async () => {
      const at = `${address()}:8080`;
      expect(await get(at, 'pods.shapes')).toMatchObject({ status: 200, by: 'web' });
      expect(await get(at)).toMatchObject({ status: 404 });
    });

    it('are reset where no service leads to the address', async () => {
      expect(await get(`${address()}:8081`)).toMatchObject({ error: 'ECONNRESET' });
      const outsider = podOf(mesh.playground, 'outsider').view().ip;
      expect(await get(`${outsider}:8080`)).toMatchObject({ error: 'ECONNRESET' });
    });
  });

  if (mode.permissive) {
    it('everybody may call everything', async () => {
      expect(await get('web', 'web', stranger)).toMatchObject({ status: 200 });
      expect(await far.call({ url: 'https://secure.shapes/' })).toMatchObject({ status: 200 });
    });
    return;
  }

  describe('who may not', () => {
    const unary = { call: 'unary', message: { say: 'hello' } } as const;

    it('is told so by gRPC as a status', async () => {
      const none = { target: 'named:90', call: 'collect', messages: [] } as const;
      const calls = [
        await stranger.callGrpc({ target: 'web:9090', ...unary }),
        await client.callGrpc(none),
        await twin.callGrpc({ target: 'web:9090', ...unary }),
      ];
      expect(calls.map(({ code }) => code)).toEqual([
        'PERMISSION_DENIED',
        'UNIMPLEMENTED',
        'UNAVAILABLE',
      ]);
    });

    it('opens no WebSocket', async () => {
      const url = 'http://web/';
      expect(await stranger.websocket({ url, messages: [] })).toMatchObject({ status: 403 });
    });

    it('gets no HTTPS of the application either, whatever its HTTP rules say', async () => {
      expect(await far.call({ url: 'https://secure.shapes/' })).toMatchObject({
        error: 'ECONNRESET',
      });
    });
  });
});

describe('the words of HTTP', () => {
  const say = (send: string, end = '') =>
    client.raw({ host: 'web', port: 80, send: `${send}\r\n\r\n`, until: end });

  it.each([
    ['a Host header', 'GET /echo HTTP/1.0\r\nHost: web', 'web'],
    ['none', 'GET /echo HTTP/1.0', 'web.shapes.svc.cluster.local'],
  ])('HTTP/1.0 with %s', async (_, send, host) => {
    const { text, how } = await say(send, 'never');
    expect(text).toMatch(/^HTTP\/1\.0 200 /);
    expect(text).toContain(`"host":"${host}"`);
    expect(how).toBe('ended');
  });

  it('HTTP/1.0 that keeps the connection', async () => {
    const { text } = await say('GET /echo HTTP/1.0\r\nHost: web\r\nConnection: keep-alive', '}');
    expect(text).toContain('connection: keep-alive');
  });

  it('a server that speaks HTTP/1.0, without a length', async () => {
    const { status, text } = await client.call({ url: 'http://web:83/' });
    expect({ status, text }).toEqual({ status: 200, text: 'old but well' });
  });

  it('two requests at once on one connection are answered in order', async () => {
    const one = 'GET /one HTTP/1.1\r\nHost: web\r\n\r\n';
    const { text } = await say(`${one}GET /two HTTP/1.1\r\nHost: web\r\nConnection: close`, 'no');
    expect([...text.matchAll(/"url":"(.*?)"/g)].map(([, url]) => url)).toEqual(['/one', '/two']);
  });

  it('a server that closes idle connections: its sidecar is first, so that no request meets the closing', async () => {
    const closed = async (by: 'local' | 'remote') => {
      const filter = `^cluster\\.local.8082\\.upstream_cx_destroy_${by}$`;
      const stats = await mesh.admin('web', `/stats?filter=${encodeURIComponent(filter)}`);
      return Number(/: (\d+)/.exec(stats)?.[1] ?? 0);
    };
    expect(await client.call({ url: 'http://web:82/' })).toMatchObject({ status: 200 });
    await until('the connection is closed', 5000, async () => (await closed('local')) > 0);
    expect(await closed('remote')).toBe(0);
  });

  it.each(['HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'REPORT'])(
    'the method %s',
    async (method) => {
      const { status, text = '' } = await client.call({ url: 'http://web/echo', method });
      expect(status).toBe(200);
      if (method === 'HEAD') expect(text).toBe('');
      else expect(JSON.parse(text)).toMatchObject({ method });
    },
  );

  it.each(['CONNECT web:80', 'OPTIONS *'])('%s finds nothing', async (start) => {
    expect((await say(`${start} HTTP/1.1\r\nHost: web`, ' 404 ')).how).toBe('heard');
  });

  it('a method that Envoy does not know is refused', async () => {
    expect((await say('QUERY /echo HTTP/1.1\r\nHost: web', ' 400 ')).how).toBe('heard');
  });

  it('HTTP/2 is not translated for a server that speaks HTTP/1.1', async () => {
    const answers = await client.callHttp2({ url: 'http://web:80', path: '/echo' });
    expect(answers).toMatchObject([{ status: 502 }]);
  });

  it('an absolute URL, as proxies get it', async () => {
    const { text } = await say('GET http://web.shapes/echo?x=1 HTTP/1.1\r\nHost: other', '}');
    expect(text).toContain('"url":"/echo?x=1"');
  });

  it('Expect: 100-continue, and the server decides', async () => {
    const post = { method: 'POST', headers: { expect: '100-continue' }, bytes: 100_000 };
    const taken = await client.call({ url: 'http://web/take', ...post });
    expect(taken).toMatchObject({ status: 200, informed: [100] });
    expect(JSON.parse(taken.text ?? '')).toMatchObject({ bytes: 100_000 });
    const refused = await client.call({ url: 'http://web/refuse', ...post });
    expect(refused.status).toBe(413);
    expect(refused.informed).toBeUndefined();
  });

  it('an early hint before the answer', async () => {
    expect(await client.call({ url: 'http://web/hints' })).toMatchObject({
      ...{ status: 200, informed: [103], text: 'late' },
    });
  });

  it('trailers of HTTP/1.1', async () => {
    expect(await client.call({ url: 'http://web/trailers' })).toMatchObject({
      ...{ status: 200, text: 'body', trailers: { 'x-sum': '42' } },
    });
  });

  it('an upgrade to HTTP/2 is not made, one to something unknown refused', async () => {
    const upgrade = (upgrade: string) =>
      client.call({ url: 'http://web/echo', headers: { connection: 'Upgrade', upgrade } });
    expect(await upgrade('h2c')).toMatchObject({ status: 200 });
    expect(await upgrade('other')).toMatchObject({ status: 403 });
  });

  it('headers up to 60 KiB and 100 of them, and no more', async () => {
    const withHeader = (kibibytes: number) =>
      client.call({ url: 'http://web/echo', headers: { 'x-large': 'x'.repeat(kibibytes * 1024) } });
    expect(await withHeader(58)).toMatchObject({ status: 200 });
    expect(await withHeader(61)).toMatchObject({ status: 431 });
    const many = Object.fromEntries(Array.from({ length: 110 }, (_, n) => [`x-${n}`, 'one']));
    expect(await client.call({ url: 'http://web/', headers: many })).toMatchObject({ status: 431 });
    const answered = async (kibibytes: number) => {
      const headers = { 'x-want-header-bytes': `${kibibytes * 1024}` };
      return (await client.call({ url: 'http://web/echo', headers })).status;
    };
    expect([await answered(58), await answered(200)]).toEqual([200, 502]);
  });
});

describe('large bodies', () => {
  /** The most that both sidecars took in addition while something went on. */
  async function growth(work: () => Promise<unknown>): Promise<number> {
    const sidecars = ['client', 'web'].map((name) => new SidecarMemory(mesh.playground, name));
    const before = sidecars.map((sidecar) => sidecar.bytes);
    for (const sidecar of sidecars) sidecar.forgetPeak();
    await work();
    return Math.max(...sidecars.map(({ peakBytes }, i) => peakBytes - Number(before[i])));
  }

  it('1 GiB with a length up, and the sidecars hold next to nothing of it', async () => {
    const more = await growth(async () => {
      const sent = { url: 'http://web/take', bytes: gibibyte, length: 'known' } as const;
      const { status, text = '' } = await client.give(sent);
      expect(status).toBe(200);
      expect(JSON.parse(text)).toEqual({ bytes: gibibyte, framing: `length ${gibibyte}` });
    });
    expect(more).toBeLessThan(32 * mebibyte);
  }, 60_000);

  it('1 GiB in chunks down', async () => {
    const more = await growth(async () => {
      expect(await client.take({ url: `http://web/give?bytes=${gibibyte}` })).toEqual({
        ...{ status: 200, bytes: gibibyte, framing: 'chunked' },
      });
    });
    expect(more).toBeLessThan(32 * mebibyte);
  }, 60_000);

  it('chunks up and a length down', async () => {
    const bytes = 16 * mebibyte;
    const { text = '' } = await client.give({ url: 'http://web/take', bytes, length: 'unknown' });
    expect(JSON.parse(text)).toEqual({ bytes, framing: 'chunked' });
    expect(await client.take({ url: `http://web/give?length=known&bytes=${bytes}` })).toMatchObject(
      { bytes, framing: 'length' },
    );
  });

  it('both ways at the same time', async () => {
    const bytes = 64 * mebibyte;
    expect(await client.mirror({ url: 'http://web/mirror', bytes })).toEqual({
      ...{ status: 200, bytes },
    });
  });

  const quarter = gibibyte / 4;
  const path = `/give?bytes=${quarter}`;
  const gave = async (): Promise<number> => {
    const { text = '' } = await client.call({ url: 'http://web/gave' });
    return (JSON.parse(text) as { readonly bytes: number }).bytes;
  };
  /** How much the server had given when it could not give more. */
  const standstill = async (): Promise<number> => {
    const seen: number[] = [];
    await until('the writer stands still', 20_000, async () => {
      seen.push(await gave());
      return Number(seen.at(-1)) > 0 && seen.at(-1) === seen.at(-8);
    });
    return Number(seen.at(-1));
  };

  it.each([
    ['HTTP/1.1', () => client.take({ url: `http://web${path}`, hold: true })],
    ['HTTP/2', () => client.takeHttp2({ url: 'http://web:81', path, hold: true })],
  ] as const)('a reader that stops reading stops the writer, over %s', async (_, take) => {
    const more = await growth(async () => {
      const taken = take();
      // Most of it is in the kernel's buffers of four connections.
      expect(await standstill()).toBeLessThan(quarter / 2);
      await client.release({ readers: 1 });
      expect(await taken).toMatchObject({ status: 200, bytes: quarter });
    });
    expect(more).toBeLessThan(32 * mebibyte);
  });

  it('readers that stop reading over HTTP/2 do not stop others', async () => {
    let reading = 0;
    const more = await growth(async () => {
      const some = `/give?bytes=${32 * mebibyte}`;
      const taken = Array.from({ length: 8 }, async () => {
        const answer = await client.takeHttp2({ url: 'http://web:81', path: some, hold: true });
        reading++;
        return answer;
      });
      await standstill();
      expect(await client.callHttp2({ url: 'http://web:81', path: '/echo' })).toMatchObject([
        { status: 200 },
      ]);
      expect(reading).toBe(0);
      await client.release({ readers: 8 });
      expect(await Promise.all(taken)).toMatchObject(
        taken.map(() => ({ status: 200, bytes: 32 * mebibyte })),
      );
    });
    expect(more).toBeLessThan(48 * mebibyte);
  });
});

/** Added to the mesh when it runs. */
const boundApplication = `
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: bound, namespace: shapes }
spec:
  selector: { matchLabels: { app: bound } }
  template:
    metadata: { labels: { app: bound } }
    spec:
      serviceAccountName: web
      containers:
        - name: app
          image: e2e/shapes
          args: [bound, 'bound:8080']
          env: [{ name: POD_IP, valueFrom: { fieldRef: { fieldPath: status.podIP } } }]
---
apiVersion: v1
kind: Service
metadata: { name: bound, namespace: shapes }
spec:
  selector: { app: bound }
  ports: [{ name: http, port: 80, targetPort: 8080 }]
`;

describe('with egress, and new pods in the mode PodIP', () => {
  const address = (deployment: string): string => podOf(mesh.playground, deployment).view().ip;

  beforeAll(async () => {
    mesh.edit((text) =>
      text.replace('enableEgress: false', 'enableEgress: true').replace('Localhost', 'PodIP'),
    );
    await until(
      'the outside is reached',
      10_000,
      async () => (await get(`${address('outsider')}:8080`)).status === 200,
    );
  }, 15_000);

  it("a call to a pod's address reaches the outside, and no pod of the mesh", async () => {
    expect(await get(`${address('outsider')}:8080`)).toMatchObject({ by: 'outsider' });
    expect(await get(`${address('web')}:8081`)).toMatchObject({ error: 'ECONNRESET' });
  });

  it("an application may listen on the pod's address only", async () => {
    mesh.edit((text) => text + boundApplication);
    await until('it answers', 20_000, async () => (await get('bound')).status === 200);
  });
});

describe('what takes long', () => {
  it(`a stream of events goes on after ${quietMs / 1000} s of quiet, and a change of the mode`, async () => {
    const { came, how } = await long.events;
    expect(came.map(({ data }) => data)).toEqual(['1', '2']);
    expect(how).toBe('ended');
    expect(came[0]?.afterMs).toBeLessThan(quietMs / 2);
  }, 60_000);

  it('so do a WebSocket and a gRPC stream', async () => {
    expect(await long.websocket).toEqual({ status: 101, heard: ['hello', 'heard still there?'] });
    expect(await long.stream).toMatchObject({ numbers: [1, 2], status: 'OK' });
  }, 60_000);

  it('an answer may take longer than 15 s', async () => {
    const { status, text } = await long.answer;
    expect({ status, text }).toEqual({ status: 200, text: 'done' });
  }, 30_000);

  it('no sidecar has a timer for quiet streams', async () => {
    for (const deployment of ['client', 'web']) {
      const dump = await mesh.admin(deployment, '/config_dump?resource=dynamic_listeners');
      const timers = [...dump.matchAll(/"stream_idle_timeout": "(.*?)"/g)].map(([, time]) => time);
      expect(new Set(timers)).toEqual(new Set(['0s']));
      expect(timers).toHaveLength([...dump.matchAll(/"upgrade_configs"/g)].length);
    }
  });
});
