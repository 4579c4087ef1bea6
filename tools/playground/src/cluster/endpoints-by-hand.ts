import { err, ok, type Result } from '@osm/prelude';
import type { ServiceRule } from '../network/service-rules.ts';
import { field, FieldError, type Field, type JsonObject } from './json.ts';
import type { Manifest } from './manifests.ts';
import type { ServiceSpec } from './service-spec.ts';

/** Endpoints of a service without selector, as somebody wrote them: an EndpointSlice, or a subset of an Endpoints object. */
export interface HandMadeEndpoints {
  readonly namespace: string;
  readonly service: string;
  readonly ports: readonly { readonly name: string; readonly port: number }[];
  /** Only those that are ready. */
  readonly endpoints: readonly { readonly ip: string; readonly hostname: string }[];
  /** The EndpointSlice that Kubernetes would make of it; undefined for one that was written as such: the mesh reads it itself. */
  readonly mirror: JsonObject | undefined;
}

/** Reads an EndpointSlice or an Endpoints object. */
export function readHandMadeEndpoints(manifest: Manifest): Result<HandMadeEndpoints[], string> {
  try {
    return ok(manifest.kind === 'Endpoints' ? readEndpoints(manifest) : readSlice(manifest));
  } catch (thrown) {
    if (thrown instanceof FieldError) return err(thrown.message);
    throw thrown;
  }
}

function readSlice({ namespace, body }: Manifest): HandMadeEndpoints[] {
  const slice = field(body);
  const service = slice.at('metadata').at('labels').textMap().get('kubernetes.io/service-name');
  if (service === undefined || slice.at('addressType').text() !== 'IPv4') return [];
  const endpoints = slice
    .at('endpoints')
    .items()
    .filter((item) => item.at('conditions').at('ready').flag() ?? true)
    .flatMap((item) => {
      const hostname = item.at('hostname').text() ?? '';
      return item
        .at('addresses')
        .texts()
        .map((ip) => ({ ip, hostname }));
    });
  return [{ namespace, service, ports: readPorts(slice), endpoints, mirror: undefined }];
}

/** One EndpointSlice per subset, as the mirroring controller of Kubernetes makes them. */
function readEndpoints({ namespace, name, body }: Manifest): HandMadeEndpoints[] {
  return field(body)
    .at('subsets')
    .items()
    .map((subset, i) => {
      const addresses = subset.at('addresses').items();
      const ports = readPorts(subset);
      const mirror = {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: {
          name: i === 0 ? name : `${name}-${i}`,
          namespace,
          labels: { 'kubernetes.io/service-name': name },
        },
        addressType: 'IPv4',
        ports: ports.map((port) => ({ ...port, protocol: 'TCP' })),
        endpoints: addresses.map((item) => ({
          addresses: [item.at('ip').requiredText()],
          conditions: { ready: true },
          ...optional('hostname', item.at('hostname').text()),
          ...optional('targetRef', item.at('targetRef').value),
        })),
      };
      const endpoints = addresses.map((item) => ({
        ip: item.at('ip').requiredText(),
        hostname: item.at('hostname').text() ?? '',
      }));
      return { namespace, service: name, ports, endpoints, mirror };
    });
}

function optional(key: string, value: JsonObject[string]): JsonObject {
  return value === undefined || value === null ? {} : { [key]: value };
}

function readPorts(at: Field): HandMadeEndpoints['ports'] {
  return at
    .at('ports')
    .items()
    .filter((port) => (port.at('protocol').text() ?? 'TCP') === 'TCP')
    .map((port) => ({
      name: port.at('name').text() ?? '',
      port: port.at('port').integer() ?? port.at('port').fail('a port number'),
    }));
}

/** The hand-made endpoints that count for a service: it has no selector. */
export function endpointsByHand(
  { namespace, name, selector, kind }: ServiceSpec,
  all: readonly HandMadeEndpoints[],
): readonly HandMadeEndpoints[] {
  if (selector.size > 0 || kind === 'ExternalName') return [];
  return all.filter((one) => one.namespace === namespace && one.service === name);
}

/** Where kube-proxy leads the ports of a service without selector. */
export function rulesByHand(
  service: ServiceSpec,
  address: string,
  byHand: readonly HandMadeEndpoints[],
): ServiceRule[] {
  return service.ports
    .filter(({ protocol }) => protocol === 'tcp')
    .map(({ name, port, protocol }) => ({
      address,
      protocol,
      port,
      endpoints: byHand.flatMap(({ ports, endpoints }) =>
        ports
          .filter((candidate) => candidate.name === name)
          .flatMap((candidate) => endpoints.map(({ ip }) => ({ ip, port: candidate.port }))),
      ),
    }));
}
