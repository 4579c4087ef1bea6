import { describe, expect, it } from 'vitest';
import { rewriteProbes } from './probes.ts';

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
    expect(result.forwarded).toEqual([
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
    expect(forwarded.map((probe) => probe.port)).toEqual([expected]);
  });

  it('leaves a probe whose named port nobody has, and those by command and gRPC', () => {
    const container = {
      name: 'app',
      livenessProbe: { httpGet: { port: 'nowhere' } },
      readinessProbe: { exec: { command: ['true'] } },
      startupProbe: { grpc: { port: 9 } },
    };
    expect(rewriteProbes([container])).toEqual({
      containers: [container],
      forwarded: [],
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
    expect(result).toMatchObject({ forwarded: [], types: ['readiness'], needsTcpHealth: true });
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
    expect(forwarded.map((probe) => probe.kind)).toEqual(['tls-passthrough', 'tls-origination']);
  });
});
