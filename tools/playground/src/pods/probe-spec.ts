import type { Field } from '../cluster/json.ts';

/** A health probe of a container, with Kubernetes' defaults filled in. */
export interface Probe {
  readonly check: ProbeCheck;
  readonly initialDelayMs: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

export type ProbeCheck =
  | {
      readonly kind: 'http';
      readonly scheme: 'http' | 'https';
      readonly host: string | undefined;
      /** A number, or the name of a port of the same container. */
      readonly port: number | string;
      readonly path: string;
      readonly headers: readonly { readonly name: string; readonly value: string }[];
    }
  | { readonly kind: 'tcp'; readonly host: string | undefined; readonly port: number | string }
  | { readonly kind: 'exec'; readonly command: readonly string[] };

export function readProbe(probe: Field): Probe {
  const seconds = (name: string, standard: number): number =>
    (probe.at(name).integer() ?? standard) * 1000;
  return {
    check: readCheck(probe),
    initialDelayMs: seconds('initialDelaySeconds', 0),
    periodMs: seconds('periodSeconds', 10),
    timeoutMs: seconds('timeoutSeconds', 1),
    successThreshold: probe.at('successThreshold').integer() ?? 1,
    failureThreshold: probe.at('failureThreshold').integer() ?? 3,
  };
}

function readCheck(probe: Field): ProbeCheck {
  const http = probe.at('httpGet');
  if (http.value !== undefined) {
    return {
      kind: 'http',
      scheme: http.at('scheme').text()?.toUpperCase() === 'HTTPS' ? 'https' : 'http',
      host: http.at('host').text(),
      port: readPort(http.at('port')),
      path: http.at('path').text() ?? '/',
      headers: http
        .at('httpHeaders')
        .items()
        .map((header) => ({
          name: header.at('name').requiredText(),
          value: header.at('value').text() ?? '',
        })),
    };
  }
  const tcp = probe.at('tcpSocket');
  if (tcp.value !== undefined)
    return { kind: 'tcp', host: tcp.at('host').text(), port: readPort(tcp.at('port')) };
  const exec = probe.at('exec');
  if (exec.value !== undefined) return { kind: 'exec', command: exec.at('command').texts() };
  return probe.fail('a probe of kind httpGet, tcpSocket or exec');
}

function readPort(port: Field): number | string {
  const { value } = port;
  return typeof value === 'number' || typeof value === 'string'
    ? value
    : port.fail('a port number or name');
}
