import type { Interception } from '@osm/model';
import { ok, type Result } from '@osm/prelude';
import { annotations, isIpRange, parseIpRanges, parsePorts } from './annotations.ts';
import type { JsonObject } from './json.ts';

/** What of a pod's traffic bypasses its proxy. All values are safe to put into a shell script. */
export interface PodInterception {
  readonly outboundPortExclusionList: readonly number[];
  readonly inboundPortExclusionList: readonly number[];
  readonly outboundIpRangeExclusionList: readonly string[];
  /** Not empty: only these ranges go through the proxy. */
  readonly outboundIpRangeInclusionList: readonly string[];
  readonly networkInterfaceExclusionList: readonly string[];
}

// Kernel interface names: at most 15 bytes; iptables takes a final + as "and all that begin so".
const interfaceName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}\+?$/;

/**
 * Joins the mesh's lists with those of the pod's annotations: ports of the mesh first, ranges of the pod first,
 * no duplicates. A wrong annotation is an error; what is wrong in the mesh's lists is left out (the catalog-watcher reports it).
 */
export function podInterception(
  mesh: Interception | undefined,
  found: JsonObject,
): Result<PodInterception, string> {
  const outboundPorts = parsePorts(found, annotations.outboundPortExclusionList);
  if (outboundPorts.kind === 'error') return outboundPorts;
  const inboundPorts = parsePorts(found, annotations.inboundPortExclusionList);
  if (inboundPorts.kind === 'error') return inboundPorts;
  const excluded = parseIpRanges(found, annotations.outboundIpRangeExclusionList);
  if (excluded.kind === 'error') return excluded;
  const included = parseIpRanges(found, annotations.outboundIpRangeInclusionList);
  if (included.kind === 'error') return included;
  return ok({
    outboundPortExclusionList: union(mesh?.outboundPortExclusionList ?? [], outboundPorts.value),
    inboundPortExclusionList: union(mesh?.inboundPortExclusionList ?? [], inboundPorts.value),
    outboundIpRangeExclusionList: union(
      excluded.value,
      (mesh?.outboundIpRangeExclusionList ?? []).filter(isIpRange),
    ),
    outboundIpRangeInclusionList: union(
      included.value,
      (mesh?.outboundIpRangeInclusionList ?? []).filter(isIpRange),
    ),
    networkInterfaceExclusionList: union(
      (mesh?.networkInterfaceExclusionList ?? []).filter((name) => interfaceName.test(name)),
      [],
    ),
  });
}

function union<T>(first: readonly T[], second: readonly T[]): readonly T[] {
  return [...new Set([...first, ...second])];
}
