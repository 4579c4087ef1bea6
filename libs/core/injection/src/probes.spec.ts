import { describe, expect, it } from 'vitest';
import type { JsonObject } from './json.ts';
import { rewriteProbes as rewrite, type ProbeForwarding } from './probes.ts';

function rewriteProbes(containers: readonly JsonObject[], known?: ProbeForwarding) {
  return rewrite({ containers, initContainers: [] }, 'native', known);
}

describe('rewriteProbes', () => {
  it('sends an HTTP probe to the proxy, at a path of its container, with its own timeout', () => {
    const probe = {
      httpGet: { path: '/live?deep=1', port: 8080, httpHeaders: [{ name: 'x', value: 'y' }] },
      timeoutSeconds: 5,
      periodSeconds: 3,
    };
    const result = rewriteProbes([{ name: 'app', livenessProbe: probe }]);
    expect(result.containers).toEqual([
      {
        name: 'app',
        livenessProbe: {
          ...probe,
          httpGet: { ...probe.httpGet, path: '/osm-liveness-probe/app', port: 15901 },
        },
      },
    ]);
    expect(result.forwarded.http).toEqual([
      {
        container: 'app',
        type: 'liveness',
        kind: 'http',
        path: '/osm-liveness-probe/app',
        originalPath: '/live?deep=1',
        port: 8080,
        timeoutSeconds: 5,
      },
    ]);
    expect(result).toMatchObject({ types: ['liveness'], needsTcpHealth: false });
  });

  it('gives each type its port', () => {
    const httpGet = { port: 80 };
    const { containers } = rewriteProbes([
      {
        name: 'app',
        livenessProbe: { httpGet },
        readinessProbe: { httpGet },
        startupProbe: { httpGet },
      },
    ]);
    expect(containers[0]).toMatchObject({
      livenessProbe: { httpGet: { port: 15901, path: '/osm-liveness-probe/app' } },
      readinessProbe: { httpGet: { port: 15902, path: '/osm-readiness-probe/app' } },
      startupProbe: { httpGet: { port: 15903, path: '/osm-startup-probe/app' } },
    });
  });

  it.each([
    ['a name', 'web', 8080],
    ['a number', 9000, 9000],
    ['a number as text', '9001', 9001],
  ])('finds the port given as %s', (_how, port, expected) => {
    const container = { name: 'app', ports: [{ name: 'web', containerPort: 8080 }] };
    const { forwarded } = rewriteProbes([{ ...container, livenessProbe: { httpGet: { port } } }]);
    expect(forwarded.http.map((probe) => probe.port)).toEqual([expected]);
  });

  it('leaves a probe whose named port nobody has, and those by command', () => {
    const container = {
      name: 'app',
      livenessProbe: { httpGet: { port: 'nowhere' } },
      readinessProbe: { exec: { command: ['true'] } },
      startupProbe: { httpGet: { port: true } },
    };
    expect(rewriteProbes([container])).toEqual({
      containers: [container],
      initContainers: [],
      forwarded: { http: [], grpc: [] },
      types: [],
      needsTcpHealth: false,
    });
  });

  it('turns a TCP probe into an HTTP probe of the healthcheck container', () => {
    const result = rewriteProbes([
      { name: 'app', readinessProbe: { tcpSocket: { port: 5432 }, timeoutSeconds: 2 } },
    ]);
    expect(result.containers[0]).toEqual({
      name: 'app',
      readinessProbe: {
        timeoutSeconds: 2,
        httpGet: {
          path: '/osm-healthcheck',
          port: 15904,
          httpHeaders: [{ name: 'Original-Tcp-Port', value: '5432' }],
        },
      },
    });
    expect(result).toMatchObject({
      forwarded: { http: [] },
      types: ['readiness'],
      needsTcpHealth: true,
    });
  });

  it('lets the TLS of the first HTTPS probe through, and speaks TLS itself for the second', () => {
    const httpGet = { scheme: 'HTTPS', port: 8443, path: '/live' };
    const { containers, forwarded } = rewriteProbes([
      { name: 'a', livenessProbe: { httpGet } },
      { name: 'b', livenessProbe: { httpGet } },
    ]);
    expect(containers).toMatchObject([
      { livenessProbe: { httpGet: { scheme: 'HTTPS', port: 15901, path: '/live' } } },
      {
        livenessProbe: { httpGet: { scheme: 'HTTP', port: 15901, path: '/osm-liveness-probe/b' } },
      },
    ]);
    expect(forwarded.http.map((probe) => probe.kind)).toEqual([
      'tls-passthrough',
      'tls-origination',
    ]);
  });

  it('gives every port with gRPC probes a port at the proxy, and the longest of its timeouts', () => {
    const probe = (port: number, timeoutSeconds?: number): JsonObject => ({
      grpc: { port, service: 'books' },
      ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    });
    const { containers, forwarded } = rewriteProbes([
      { name: 'a', livenessProbe: probe(9000), readinessProbe: probe(9000, 4) },
      { name: 'b', livenessProbe: probe(9001) },
    ]);
    expect(containers).toEqual([
      { name: 'a', livenessProbe: probe(15910), readinessProbe: probe(15910, 4) },
      { name: 'b', livenessProbe: probe(15911) },
    ]);
    expect(forwarded.grpc).toEqual([
      { proxyPort: 15910, port: 9000, timeoutSeconds: 4 },
      { proxyPort: 15911, port: 9001, timeoutSeconds: 1 },
    ]);
  });

  it('leaves gRPC probes when there are more ports than it has', () => {
    const containers = Array.from({ length: 11 }, (_, i) => ({
      name: `c${i}`,
      livenessProbe: { grpc: { port: 9000 + i } },
    }));
    const result = rewriteProbes(containers);
    expect(result.forwarded.grpc).toHaveLength(10);
    expect(result.containers[10]).toEqual(containers[10]);
  });

  it('rewrites native sidecars, unless a classic proxy starts after them, and no other init container', () => {
    const livenessProbe = { httpGet: { port: 80 } };
    const own = { name: 'own', restartPolicy: 'Always', livenessProbe };
    const initContainers = [{ name: 'migrate', livenessProbe }, own];
    const native = rewrite({ containers: [], initContainers }, 'native');
    expect(native.initContainers).toMatchObject([
      { name: 'migrate', livenessProbe },
      { livenessProbe: { httpGet: { port: 15901, path: '/osm-liveness-probe/own' } } },
    ]);
    expect(rewrite({ containers: [], initContainers }, 'classic')).toMatchObject({
      initContainers,
      forwarded: { http: [] },
    });
  });

  it('finds what it has rewritten before, and adds what is new', () => {
    const https = { httpGet: { scheme: 'HTTPS', port: 8443, path: '/live' } };
    const first = rewriteProbes([
      {
        name: 'a',
        livenessProbe: https,
        readinessProbe: { grpc: { port: 9000 } },
        startupProbe: { tcpSocket: { port: 1 } },
      },
      { name: 'b', livenessProbe: { httpGet: { port: 80 } } },
    ]);
    expect(rewriteProbes(first.containers, first.forwarded)).toEqual(first);
    const later = { name: 'c', livenessProbe: https, readinessProbe: { grpc: { port: 9001 } } };
    const second = rewriteProbes([later, ...first.containers], first.forwarded);
    expect(second.containers.slice(1)).toEqual(first.containers);
    expect(second.containers[0]).toMatchObject({
      livenessProbe: { httpGet: { scheme: 'HTTP', port: 15901, path: '/osm-liveness-probe/c' } },
      readinessProbe: { grpc: { port: 15911 } },
    });
    expect(second.forwarded.http.map(({ container }) => container).sort()).toEqual(['a', 'b', 'c']);
  });
});
