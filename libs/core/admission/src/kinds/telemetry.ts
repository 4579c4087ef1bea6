import { fieldAt, textAt } from '../fields.ts';
import type { KindRules } from '../findings.ts';

/** OSM's controller crashed at a Telemetry without accessLog; here it does nothing, and that is said. */
export const reviewTelemetry: KindRules = ({ spec, world }, { warn }) => {
  if (fieldAt(spec, 'accessLog') === undefined)
    warn('spec.accessLog is missing, so it changes nothing');
  const extension = fieldAt(spec, 'accessLog', 'openTelemetry', 'extensionService');
  if (extension === undefined) return;
  const namespace = textAt(extension, 'namespace');
  const name = textAt(extension, 'name');
  // Of namespaces outside the mesh nothing is known.
  if (world.object('namespace', '', namespace) === undefined) return;
  const there = [...world.written('ExtensionService')].some(
    ({ ref }) => ref.namespace === namespace && ref.name === name,
  );
  if (!there)
    warn(`spec.accessLog.openTelemetry: there is no ExtensionService ${namespace}/${name}`);
};
