import type { Service, ServicePort } from '@osm/model';
import { compareText, sortedBy } from '@osm/prelude';
import { object, optional, required, type Fields } from '../fields/object.ts';
import {
  below,
  fail,
  invalid,
  warn,
  type At,
  type Invalid,
  type Parser,
} from '../fields/parser.ts';
import { describe } from '../fields/parser.ts';
import { integer, list, oneOf, port, text, textMap } from '../fields/values.ts';
import type { KindParser } from './kind-parser.ts';
import { serviceProtocol } from './service-protocol.ts';

const portNumber = integer(1, 65_535);

/** IntOrString of Kubernetes: a port, or the name of a container port (which has a letter in it). */
const targetPort: Parser<number | string> = (value, at) => {
  if (typeof value === 'number') return portNumber(value, at);
  if (typeof value !== 'string') {
    return fail(at, 'wrong_type', `must be a port or the name of one, not ${describe(value)}`);
  }
  if (!/[a-z]/.test(value)) {
    return fail(at, 'invalid_value', `must have a letter to be a name: take the quotes away`);
  }
  return value;
};

const portShape = {
  name: optional(text, ''),
  port: required(port),
  targetPort: optional(targetPort, 0),
  protocol: optional(oneOf(['TCP', 'UDP', 'SCTP']), 'TCP'),
  appProtocol: optional(text, ''),
};

const shape = object({
  spec: required(
    object({
      type: optional(text, 'ClusterIP'),
      externalName: optional(text, ''),
      clusterIP: optional(text, ''),
      clusterIPs: optional(list(text), []),
      selector: optional(textMap, []),
      ports: optional(list(object(portShape)), []),
    }),
  ),
});

/** A Service, reduced to where clients dial it and which pods stand behind it. */
export const parseService: KindParser = (raw, { ref, at }) => {
  const parsed = shape(raw, at);
  if (parsed === invalid) return invalid;
  const { spec } = parsed;
  const portsAt = below(below(at, 'spec'), 'ports');
  if (checkPorts(spec.ports, portsAt) === invalid) return invalid;
  const given = spec.clusterIPs.length > 0 ? spec.clusterIPs : [spec.clusterIP];
  const external = spec.type === 'ExternalName';
  const value: Service = {
    namespace: ref.namespace,
    name: ref.name,
    clusterIps: external ? [] : given.filter((ip) => ip !== '' && ip !== 'None').sort(compareText),
    headless: !external && given.includes('None'),
    selector: external ? [] : spec.selector,
    ports: parsePorts(spec.ports, portsAt),
    externalName: external ? spec.externalName.toLowerCase().replace(/\.$/, '') : '',
  };
  return { $case: 'service', value };
};

type RawPort = Fields<typeof portShape>;

/** The rules of the Kubernetes API: names are there and unique, so are port and protocol. */
function checkPorts(ports: readonly RawPort[], at: At): Invalid | undefined {
  const names = new Set<string>();
  const numbers = new Set<string>();
  for (const [index, item] of ports.entries()) {
    const itemAt = below(at, index);
    if (ports.length > 1 && item.name === '') {
      return fail(
        below(itemAt, 'name'),
        'missing_field',
        'is required when there are several ports',
      );
    }
    if (names.has(item.name)) {
      return fail(below(itemAt, 'name'), 'invalid_value', `repeats ${item.name}; use another name`);
    }
    const number = `${item.port}/${item.protocol}`;
    if (numbers.has(number)) {
      return fail(below(itemAt, 'port'), 'invalid_value', `repeats ${number}; remove one of them`);
    }
    names.add(item.name);
    numbers.add(number);
  }
  return undefined;
}

/** TCP ports only: UDP and SCTP do not go through the mesh. */
function parsePorts(ports: readonly RawPort[], at: At): readonly ServicePort[] {
  const result: ServicePort[] = [];
  for (const [index, item] of ports.entries()) {
    if (item.protocol !== 'TCP') continue;
    const { protocol, note } = serviceProtocol(item);
    if (note !== 'none') {
      warn(below(below(at, index), 'appProtocol'), note, notes[note](item, protocol));
    }
    const named = typeof item.targetPort === 'string';
    result.push({
      name: item.name,
      port: item.port,
      targetPort: named ? 0 : item.targetPort || item.port,
      targetPortName: named ? item.targetPort : '',
      protocol,
    });
  }
  return sortedBy(result, (item) => item.port.toString().padStart(5, '0'));
}

const notes = {
  tls_as_tcp: (item: RawPort) =>
    `is ${item.appProtocol}: the application encrypts by itself, so port ${item.port} is carried as TCP (routes do not apply)`,
  tls_undeclared: (item: RawPort) =>
    `is missing: port ${item.port}, ${item.name}, is HTTP to the mesh; write https if the application speaks TLS itself, http if it does not`,
  unknown_protocol: (item: RawPort) =>
    `is ${item.appProtocol}, which the mesh does not know; use http, grpc, tcp or tcp-server-first, or port ${item.port} is not served`,
  protocol_inferred: (item: RawPort, protocol: string) =>
    `is missing: port ${item.port}${item.name === '' ? '' : `, ${item.name},`} is taken as ${protocol}, for that is what its name or number stands for; write http if it is not`,
} as const;
