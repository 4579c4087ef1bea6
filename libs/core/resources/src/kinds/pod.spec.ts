import { describe, expect, it } from 'vitest';
import { parseOne, type ParsedOne } from '../../testing/parse-one.ts';

const pod = (rest: string, metadata = 'labels: {osm-proxy-uuid: u-1, app: web}'): ParsedOne =>
  parseOne(`
apiVersion: v1
kind: Pod
metadata: {name: web-0, namespace: shop, ${metadata}}
${rest}
`);

describe('Pod', () => {
  it('is reduced to what a proxy needs', () => {
    expect(
      pod(
        `
spec:
  serviceAccountName: web
  nodeName: n
  containers:
  - name: app
    ports:
    - {name: web, containerPort: 8080}
    - {name: dns, containerPort: 53, protocol: UDP}
    - {containerPort: 9}
  - {name: second, ports: [{name: web, containerPort: 1}, {name: admin, containerPort: 9000}]}
  initContainers:
  - {name: sidecar, restartPolicy: Always, ports: [{name: side, containerPort: 7}]}
  - {name: init, ports: [{name: early, containerPort: 8}]}
status: {phase: Running, podIP: 10.1.0.9, conditions: []}
`,
        'labels: {osm-proxy-uuid: u-1, app: web}, annotations: {prometheus.io/scrape: "true"}',
      ),
    ).toEqual({
      value: {
        namespace: 'shop',
        name: 'web-0',
        proxyUuid: 'u-1',
        serviceAccount: 'web',
        ip: '10.1.0.9',
        labels: [
          { key: 'app', value: 'web' },
          { key: 'osm-proxy-uuid', value: 'u-1' },
        ],
        namedPorts: [
          { name: 'admin', port: 9000 },
          { name: 'side', port: 7 },
          { name: 'web', port: 8080 },
        ],
        scrape: true,
        proxyless: false,
        uid: '',
      },
      told: [],
      refused: false,
    });
  });

  it('has defaults while Kubernetes has not filled it in', () => {
    expect(pod('').value).toMatchObject({
      serviceAccount: 'default',
      ip: '',
      namedPorts: [],
      scrape: false,
      proxyless: false,
    });
    expect(pod('spec: {serviceAccount: old}').value).toMatchObject({ serviceAccount: 'old' });
  });

  it.each(['Succeeded', 'Failed'])('is gone when it has %s', (phase) => {
    expect(pod(`status: {phase: ${phase}}`)).toMatchObject({ value: undefined, refused: false });
  });

  it.each(['Pending', 'Running', 'Unknown'])('is there while it is %s', (phase) => {
    expect(pod(`status: {phase: ${phase}}`).value).toBeDefined();
  });

  it('has no part in the mesh without a sidecar', () => {
    expect(pod('', 'labels: {app: web}').value).toBeUndefined();
    expect(pod('', 'labels: null').value).toBeUndefined();
  });

  it.each(['"1"', '"t"', '"True"'])('is scraped with %s', (text) => {
    expect(
      pod('', `labels: {osm-proxy-uuid: u}, annotations: {prometheus.io/scrape: ${text}}`).value,
    ).toMatchObject({ scrape: true });
  });
});
