import type { ServicePort } from '@osm/model';
import { isIpRange } from '../ip-range.ts';
import { fieldAt, listAt, repeated, textAt } from '../fields.ts';
import type { Findings, KindRules, Reviewed } from '../findings.ts';
import { checkService } from '../references.ts';

/**
 * OSM's rules, with two of its slips put right: a backend that checks client certificates must say whose (OSM asked those who do not
 * check), and IngressBackends conflict within a namespace (OSM: with those of any other one, too).
 */
export const reviewIngressBackend: KindRules = (reviewed, findings) => {
  const { spec } = reviewed;
  const backends = listAt(spec, 'backends');
  const sources = listAt(spec, 'sources');
  const hasPrincipal = sources.some((each) => textAt(each, 'kind') === 'AuthenticatedPrincipal');
  for (const [index, backend] of backends.entries()) {
    const path = `spec.backends[${index}]`;
    checkBackend(findings, path, backend, hasPrincipal);
    checkService(reviewed, findings, path, textAt(backend, 'name'));
    checkTargetPort(reviewed, findings, path, backend);
  }
  for (const index of repeated(backends.map(keyOf)))
    findings.refuse(
      `spec.backends[${index}] repeats ${nameOf(backends[index])}; each service and port may be there once`,
    );
  for (const [index, source] of sources.entries())
    checkSource(findings, `spec.sources[${index}]`, source);
  if (backends.length === 0) findings.warn('spec.backends is empty, so nothing is opened');
  if (sources.length === 0) findings.warn('spec.sources is empty, so nobody is let in');
  if (listAt(spec, 'matches').length > 0)
    findings.warn('spec.matches has no effect: all requests of the sources are let in');
  checkConflicts(reviewed, findings);
};

function keyOf(backend: unknown): string {
  return `${textAt(backend, 'name')} ${String(fieldAt(backend, 'port', 'number'))}`;
}

function nameOf(backend: unknown): string {
  return `service ${textAt(backend, 'name')} port ${String(fieldAt(backend, 'port', 'number'))}`;
}

function checkBackend(
  { refuse }: Findings,
  path: string,
  backend: unknown,
  hasPrincipal: boolean,
): void {
  const protocol = textAt(backend, 'port', 'protocol').toLowerCase();
  if (protocol !== 'http' && protocol !== 'https')
    refuse(`${path}.port.protocol is "${protocol}"; use http or https`);
  const skips = fieldAt(backend, 'tls', 'skipClientCertValidation') === true;
  if (protocol === 'https' && !skips && !hasPrincipal)
    refuse(
      `${path} is https and checks client certificates, so spec.sources must have an AuthenticatedPrincipal: ` +
        `the name in the client's certificate. Or set tls.skipClientCertValidation: true`,
    );
}

function checkSource({ refuse }: Findings, path: string, source: unknown): void {
  const kind = textAt(source, 'kind');
  const name = textAt(source, 'name');
  switch (kind) {
    case 'Service':
      if (name === '' || textAt(source, 'namespace') === '')
        refuse(`${path} is a Service and needs a name and a namespace`);
      return;
    case 'AuthenticatedPrincipal':
      if (name === '') refuse(`${path} is an AuthenticatedPrincipal and needs a name`);
      return;
    case 'IPRange':
      if (!isIpRange(name))
        refuse(`${path}.name is "${name}", which is no IP range; write it such as 10.0.0.0/8`);
      return;
    default:
      refuse(`${path}.kind is ${kind}; use Service, AuthenticatedPrincipal or IPRange`);
  }
}

/** The number is that of the container's port: the one thing about IngressBackends that everybody gets wrong. */
function checkTargetPort(
  { ref, world }: Reviewed,
  { warn }: Findings,
  path: string,
  backend: unknown,
): void {
  const number = fieldAt(backend, 'port', 'number');
  const service = world.object('service', ref.namespace, textAt(backend, 'name'));
  if (service?.$case !== 'service' || typeof number !== 'number') return;
  const targets = service.value.ports.map(targetOf);
  // A port by name is looked up in pods, which may be of any number.
  if (targets.includes(undefined) || targets.includes(number)) return;
  const has = [...new Set(targets)].join(', ');
  warn(
    `${path}.port.number is ${number}, but the target ports of service ${service.value.name} are ${has}`,
  );
}

function targetOf({ port, targetPort, targetPortName }: ServicePort): number | undefined {
  if (targetPortName !== '') return undefined;
  return targetPort === 0 ? port : targetPort;
}

function checkConflicts({ ref, spec, world }: Reviewed, { refuse }: Findings): void {
  const own = new Map(listAt(spec, 'backends').map((backend) => [keyOf(backend), backend]));
  for (const other of world.written('IngressBackend')) {
    const { namespace, name } = other.ref;
    if (namespace !== ref.namespace || name === ref.name) continue;
    for (const backend of listAt(other.spec, 'backends')) {
      if (own.has(keyOf(backend)))
        refuse(`IngressBackend ${namespace}/${name} has ${nameOf(backend)} already; keep one`);
    }
  }
}
