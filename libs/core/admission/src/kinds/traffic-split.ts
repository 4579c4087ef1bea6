import { compareText } from '@osm/prelude';
import type { KindRules } from '../findings.ts';
import { checkService } from '../references.ts';

/** Weights that sum up to nothing, services that are not there, and a root that another split has too. */
export const reviewTrafficSplit: KindRules = (reviewed, findings) => {
  const { value, ref, world, known } = reviewed;
  if (value?.$case !== 'trafficSplit') return;
  const { service, backends } = value.value;
  if (backends.every(({ weight }) => weight === 0)) {
    const what = backends.length === 0 ? 'is empty' : 'has weight 0 only';
    findings.warn(`spec.backends ${what}, so ${service} answers 503; give one of them a weight`);
  }
  checkService(reviewed, findings, 'spec.service', service);
  for (const backend of backends)
    checkService(reviewed, findings, 'spec.backends', backend.service);
  if (!known) return;
  for (const other of world.objects()) {
    if (other.$case !== 'trafficSplit') continue;
    const { namespace, name, service: root } = other.value;
    if (namespace !== ref.namespace || name === ref.name || root !== service) continue;
    const counts = compareText(name, ref.name) < 0 ? name : ref.name;
    findings.warn(
      `spec.service: TrafficSplit ${namespace}/${name} splits ${service} too; of the two ${counts} counts, the first by name`,
    );
  }
};
