import {
  endpointSliceManifest,
  meshConfigManifest,
  namespaceManifest,
  rootServiceManifests,
  staticManifests,
  trafficSplitManifest,
  trafficTargetManifest,
  type Manifest,
} from './manifests.ts';
import type { MeshPlan, ServicePlan, SplitPlan } from './plan.ts';

/** A file of the mesh directory: a name without folders, and its text. */
export interface MeshFile {
  readonly name: string;
  readonly text: string;
}

/** One change to the mesh directory. */
export type Edit =
  | { readonly kind: 'write'; readonly file: MeshFile }
  | { readonly kind: 'remove'; readonly name: string };

/** Names of the files that a run rewrites. One object each, so that a change is one small file. */
export const fileNames = {
  meshConfig: 'mesh-config.yaml',
  endpoints: (service: ServicePlan) => `endpoints-${service.namespace}-${service.name}.yaml`,
  target: (service: ServicePlan) => `target-${service.namespace}-${service.name}.yaml`,
  split: (split: SplitPlan) => `split-${split.namespace}-${split.name}.yaml`,
} as const;

/** YAML documents; JSON is YAML, and no writer of ours can get it wrong. */
export function renderFile(name: string, manifests: readonly Manifest[]): MeshFile {
  return { name, text: manifests.map((one) => `${JSON.stringify(one)}\n`).join('---\n') };
}

/** Every file of the mesh as it is at the start of a run: all pods ready, splits half and half, egress off. */
export function renderMesh(plan: MeshPlan): readonly MeshFile[] {
  return [
    renderFile('namespaces.yaml', plan.namespaces.map(namespaceManifest)),
    renderFile(fileNames.meshConfig, [
      meshConfigManifest({ permissive: plan.mode === 'permissive', egress: false }),
    ]),
    ...plan.services.flatMap((service) => [
      renderFile(`service-${service.namespace}-${service.name}.yaml`, staticManifests(service)),
      renderFile(fileNames.endpoints(service), [endpointSliceManifest(service, service.pods)]),
      renderFile(fileNames.target(service), [trafficTargetManifest(plan, service)]),
    ]),
    ...plan.splits.flatMap((split) => [
      renderFile(`root-${split.namespace}-${split.name}.yaml`, rootServiceManifests(plan, split)),
      renderFile(fileNames.split(split), [trafficSplitManifest(plan, split, [50, 50])]),
    ]),
  ];
}
