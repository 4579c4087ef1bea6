import type { ExpectedBy } from '../fleet/messages.ts';
import type { Expectation } from '../fleet/expectations.ts';
import { fileNames, renderFile, type Edit } from './files.ts';
import {
  endpointSliceManifest,
  meshConfigManifest,
  trafficSplitManifest,
  trafficTargetManifest,
  type Manifest,
} from './manifests.ts';
import type { MeshPlan, ServicePlan, SplitPlan } from './plan.ts';

/** One edit of the mesh, and who must then have what. */
export interface Change {
  readonly edit: Edit;
  readonly expected: readonly ExpectedBy[];
}

/** Indexes of the proxies of some services in the fleet: pods in the order of the plan. */
function proxiesOf(plan: MeshPlan, services: readonly number[]): number[] {
  const replicas = plan.services[0]?.pods.length ?? 0;
  return services.flatMap((service) =>
    Array.from({ length: replicas }, (_, replica) => service * replicas + replica),
  );
}

/** Services whose callers hold nothing else that changes with them: no backend of a split, not the hub. */
export function plainServices(plan: MeshPlan): readonly ServicePlan[] {
  return plan.services.filter(
    (service) => service.index !== plan.hub && service.split === undefined,
  );
}

/** Splits whose callers are none of the backends, so that each flip touches the callers alone. */
export function plainSplits(plan: MeshPlan): readonly SplitPlan[] {
  return plan.splits.filter((split) => {
    const callers = plan.services[split.backends[0]]?.callers ?? [];
    return !split.backends.some((backend) => callers.includes(backend));
  });
}

/** Sends `weight` of 1000 to the first backend. Weights that were not in force before make the change visible. */
export function flipWeights(plan: MeshPlan, split: SplitPlan, weight: number): Change {
  const first = plan.services[split.backends[0]];
  return {
    edit: write(fileNames.split(split), trafficSplitManifest(plan, split, [weight, 1000 - weight])),
    expected: [
      expectedBy(plan, first?.callers ?? [], {
        kind: 'weight',
        cluster: `${split.namespace}/${first?.name ?? ''}`,
        weight,
      }),
    ],
  };
}

/** The last pod of a service becomes ready (present) or stops being so. */
export function switchEndpoint(plan: MeshPlan, service: ServicePlan, present: boolean): Change {
  const pods = present ? service.pods : service.pods.slice(0, -1);
  return {
    edit: write(fileNames.endpoints(service), endpointSliceManifest(service, pods)),
    expected: [
      expectedBy(plan, service.callers, {
        kind: 'endpoint',
        cluster: `${service.namespace}/${service.name}`,
        address: service.pods.at(-1)?.ip ?? '',
        present,
      }),
    ],
  };
}

/**
 * Takes the TrafficTarget of a service away, or gives it back: its callers lose the listener of the service, its own
 * proxies the principals of the callers.
 */
export function switchTarget(plan: MeshPlan, service: ServicePlan, present: boolean): Change {
  const caller = plan.services[service.callers[0] ?? -1];
  return {
    edit: present
      ? write(fileNames.target(service), trafficTargetManifest(plan, service))
      : { kind: 'remove', name: fileNames.target(service) },
    expected: [
      expectedBy(plan, service.callers, {
        kind: 'resource',
        type: 'listener',
        name: `${service.namespace}/${service.name}.`,
        present,
      }),
      expectedBy(plan, [service.index], {
        kind: 'mention',
        type: 'route',
        name: 'inbound',
        text: `${caller?.name ?? ''}.${caller?.namespace ?? ''}.`,
        present,
      }),
    ],
  };
}

/** Switches egress for the whole mesh: every proxy gets another outbound listener. */
export function switchEgress(plan: MeshPlan, egress: boolean): Change {
  const everybody = plan.services.map((service) => service.index);
  return {
    edit: write(
      fileNames.meshConfig,
      meshConfigManifest({ permissive: plan.mode === 'permissive', egress }),
    ),
    expected: [
      expectedBy(plan, everybody, {
        kind: 'mention',
        type: 'listener',
        name: 'outbound-listener',
        text: 'passthrough-outbound',
        present: egress,
      }),
    ],
  };
}

function expectedBy(
  plan: MeshPlan,
  services: readonly number[],
  expectation: Expectation,
): ExpectedBy {
  return { proxies: proxiesOf(plan, services), expectation };
}

function write(name: string, manifest: Manifest): Edit {
  return { kind: 'write', file: renderFile(name, [manifest]) };
}
