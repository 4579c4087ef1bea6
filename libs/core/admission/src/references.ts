import type { Findings, Reviewed } from './findings.ts';

/** Warns about a service account that nobody is. */
export function checkAccount(
  { world }: Reviewed,
  { warn }: Findings,
  path: string,
  account: { readonly namespace: string; readonly name: string },
): void {
  const { namespace, name } = account;
  if (namespace === '' || name === '') return;
  if (world.object('namespace', '', namespace) === undefined) {
    const label = `openservicemesh.io/monitored-by=${world.scope.meshName}`;
    warn(`${path}: the namespace ${namespace} is not in the mesh; label it ${label}`);
  } else if (world.object('serviceAccount', namespace, name) === undefined)
    warn(`${path}: there is no service account ${namespace}/${name}`);
}

/** Warns about a service of the object's own namespace that is not there. */
export function checkService(
  { world, ref, known }: Reviewed,
  { warn }: Findings,
  path: string,
  name: string,
): void {
  if (!known || name === '') return;
  if (world.object('service', ref.namespace, name) === undefined)
    warn(`${path}: there is no service ${ref.namespace}/${name}`);
}
