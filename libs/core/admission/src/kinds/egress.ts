import { isIpRange } from '../ip-range.ts';
import { fieldAt, listAt, repeated, textAt } from '../fields.ts';
import type { Findings, KindRules, Reviewed } from '../findings.ts';
import { checkAccount } from '../references.ts';

const routeGroupApi = 'specs.smi-spec.io/v1alpha4';
const settingApi = 'policy.openservicemesh.io/v1alpha1';
const protocols = ['http', 'https', 'tcp', 'tcp-server-first'];

/** OSM's rules for `matches`; protocols, which OSM took as they came and then sent nothing to the sidecar; references. */
export const reviewEgress: KindRules = (reviewed, findings) => {
  const { spec } = reviewed;
  const { refuse, warn } = findings;
  checkMatches(reviewed, findings);
  const ports = listAt(spec, 'ports');
  for (const [index, port] of ports.entries()) {
    const protocol = textAt(port, 'protocol');
    if (!protocols.includes(protocol.toLowerCase()))
      refuse(`spec.ports[${index}].protocol is "${protocol}"; use one of ${protocols.join(', ')}`);
  }
  for (const index of repeated(ports.map((port) => String(fieldAt(port, 'number')))))
    warn(`spec.ports[${index}] repeats port ${String(fieldAt(ports[index], 'number'))}`);
  for (const [index, range] of listAt(spec, 'ipAddresses').entries()) {
    if (typeof range === 'string' && !isIpRange(range))
      refuse(`spec.ipAddresses[${index}] is "${range}"; write it such as 10.0.0.0/8`);
  }
  for (const [index, source] of listAt(spec, 'sources').entries()) {
    const account = { namespace: textAt(source, 'namespace'), name: textAt(source, 'name') };
    checkAccount(reviewed, findings, `spec.sources[${index}]`, account);
  }
};

function checkMatches({ ref, spec, world, known }: Reviewed, { refuse, warn }: Findings): void {
  const { namespace } = ref;
  let settings = 0;
  for (const [index, match] of listAt(spec, 'matches').entries()) {
    const path = `spec.matches[${index}]`;
    const kind = textAt(match, 'kind');
    const name = textAt(match, 'name');
    const api = kind === 'UpstreamTrafficSetting' ? settingApi : routeGroupApi;
    if (kind !== 'HTTPRouteGroup' && kind !== 'UpstreamTrafficSetting') {
      refuse(`${path}.kind is ${kind}; use HTTPRouteGroup or UpstreamTrafficSetting`);
      continue;
    }
    if (textAt(match, 'apiGroup') !== api)
      refuse(`${path}.apiGroup is "${textAt(match, 'apiGroup')}"; of ${kind} it is ${api}`);
    if (kind === 'UpstreamTrafficSetting') settings += 1;
    const there =
      kind === 'HTTPRouteGroup'
        ? world.object('httpRouteGroup', namespace, name) !== undefined
        : [...world.written(kind)].some(
            (each) => each.ref.namespace === namespace && each.ref.name === name,
          );
    if (known && !there) warn(`${path}: there is no ${kind} ${namespace}/${name}`);
  }
  if (settings > 1)
    refuse('spec.matches has more than one UpstreamTrafficSetting; keep the one that is to hold');
}
