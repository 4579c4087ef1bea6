import { expect, it } from 'vitest';
import { describeChart, ofKind, podsIn, renderChart, type Rendered } from './render-chart.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Binding {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly name: string }[];
}

/** Everything the control plane may do: `verbs group/resource`, `[names]` where it is held to names. What is not here fails. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'osm-catalog-watcher, everywhere': [
    'list,watch /namespaces,pods,services,serviceaccounts',
    'list,watch discovery.k8s.io/endpointslices',
    'list,watch access.smi-spec.io,specs.smi-spec.io,split.smi-spec.io,policy.openservicemesh.io/*',
    'patch access.smi-spec.io,specs.smi-spec.io,split.smi-spec.io,policy.openservicemesh.io/*/status',
    'list,watch config.openservicemesh.io/extensionservices',
    'patch config.openservicemesh.io/extensionservices/status',
    'get,list,watch,patch admissionregistration.k8s.io/validatingwebhookconfigurations [names]',
    'create events.k8s.io/events',
  ],
  'osm-catalog-watcher, at home': [
    'list,watch config.openservicemesh.io/meshconfigs,meshrootcertificates',
    'patch config.openservicemesh.io/meshconfigs/status,meshrootcertificates/status',
    'create,get,list,watch,update coordination.k8s.io/leases',
  ],
  // Never list: a thief of its token does not learn the names of Secrets.
  'osm-injector, everywhere': [
    'create,patch,delete /secrets',
    'get,list,watch,patch admissionregistration.k8s.io/mutatingwebhookconfigurations [names]',
  ],
  'osm-bootstrap, everywhere': [
    'create apiextensions.k8s.io/customresourcedefinitions',
    'patch apiextensions.k8s.io/customresourcedefinitions [names]',
  ],
  'osm-bootstrap, at home': [
    'create,get,update /secrets',
    'create,get config.openservicemesh.io/meshconfigs',
  ],
  'osm-bus-renewal, at home': ['get,update /secrets [names]', 'create /secrets'],
};

function rightsIn(objects: readonly Rendered[]): Readonly<Record<string, readonly string[]>> {
  const rights: Record<string, readonly string[]> = {};
  const kinds = [
    ['Role', 'RoleBinding', 'at home'],
    ['ClusterRole', 'ClusterRoleBinding', 'everywhere'],
  ] as const;
  for (const [kind, bindingKind, where] of kinds) {
    const roles = ofKind(objects, kind);
    for (const binding of ofKind(objects, bindingKind).values()) {
      const { roleRef, subjects } = binding as unknown as Binding;
      expect(roleRef.kind).toBe(kind);
      const rules = (roles.get(roleRef.name)?.['rules'] ?? []) as readonly Rule[];
      for (const { name } of subjects) rights[`${name}, ${where}`] = rules.map(describeRule);
    }
  }
  return rights;
}

function describeRule({ verbs, apiGroups, resources, resourceNames }: Rule): string {
  const names = resourceNames === undefined ? '' : ' [names]';
  return `${verbs.join()} ${apiGroups.join()}/${resources.join()}${names}`;
}

describeChart('rights of the control plane', () => {
  it('are those of the table, with everything switched on', () => {
    const objects = renderChart(
      'osm.networkPolicies=true',
      'osm.osmController.autoScale.enable=true',
    );
    expect(rightsIn(objects)).toEqual(allowed);
  });

  it('are given to nobody whose pods do not use them', () => {
    const users = [...podsIn(renderChart())]
      .filter(([, { spec }]) => spec.automountServiceAccountToken !== false)
      .map(([, { spec }]) => spec.serviceAccountName);
    const holders = Object.keys(allowed).map((key) => key.split(',')[0]);
    expect(new Set(users)).toEqual(new Set(holders));
  });

  it('reach the root of the mesh for nobody but the bootstrap Job', () => {
    const role = ofKind(renderChart(), 'Role').get('osm-bus-renewal');
    const rules = (role?.['rules'] ?? []) as readonly Rule[];
    expect(rules.flatMap(({ resourceNames = [] }) => resourceNames)).not.toContain('osm-ca-bundle');
  });
});
