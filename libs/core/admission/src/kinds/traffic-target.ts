import type { TrafficTarget } from '@osm/model';
import { TrafficTargetRule_Kind } from '@osm/proto-mesh';
import { fieldAt, listAt, repeated, textAt } from '../fields.ts';
import type { Findings, KindRules, Reviewed } from '../findings.ts';
import { checkAccount } from '../references.ts';

/** References that lead nowhere, and rules that are there twice. What is wrong by itself was found before. */
export const reviewTrafficTarget: KindRules = (reviewed, findings) => {
  const { value, spec, known } = reviewed;
  if (value?.$case !== 'trafficTarget') return;
  const { destination, rules } = value.value;
  if (known && destination !== undefined)
    checkAccount(reviewed, findings, 'spec.destination', destination);
  for (const [index, source] of listAt(spec, 'sources').entries()) {
    if (textAt(source, 'kind') !== 'ServiceAccount') continue;
    const account = { namespace: textAt(source, 'namespace'), name: textAt(source, 'name') };
    checkAccount(reviewed, findings, `spec.sources[${index}]`, account);
  }
  const written = listAt(spec, 'rules').map((rule) =>
    JSON.stringify([fieldAt(rule, 'kind'), fieldAt(rule, 'name'), fieldAt(rule, 'matches') ?? []]),
  );
  for (const index of repeated(written))
    findings.warn(`spec.rules[${index}] repeats an earlier rule; remove it`);
  if (rules.length === 0)
    findings.warn('spec.rules has no rule that grants anything, so nobody is allowed; add one');
  if (known) for (const rule of rules) checkRule(reviewed, findings, rule);
};

function checkRule(
  { ref: { namespace }, world }: Reviewed,
  { warn }: Findings,
  { kind, name, matches }: TrafficTarget['rules'][number],
): void {
  if (kind === TrafficTargetRule_Kind.TCP_ROUTE) {
    if (world.object('tcpRoute', namespace, name) === undefined)
      warn(`spec.rules: there is no TCPRoute ${namespace}/${name}; the rule grants nothing`);
    return;
  }
  const group = world.object('httpRouteGroup', namespace, name);
  if (group?.$case !== 'httpRouteGroup') {
    warn(`spec.rules: there is no HTTPRouteGroup ${namespace}/${name}; the rule grants nothing`);
    return;
  }
  const names = group.value.matches.map((match) => match.name);
  const missing = matches.filter((match) => !names.includes(match));
  for (const match of missing) {
    const has = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
    warn(`spec.rules: HTTPRouteGroup ${namespace}/${name} has no match ${match}; ${has}`);
  }
}
