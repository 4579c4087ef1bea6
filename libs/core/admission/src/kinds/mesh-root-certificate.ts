import { sameValue } from '@osm/resources';
import { fieldAt, textAt } from '../fields.ts';
import type { Findings, KindRules, Reviewed } from '../findings.ts';

type Role = 'active' | 'passive' | 'inactive' | 'unknown';

const providers: Readonly<Record<string, readonly (readonly string[])[]>> = {
  tresor: [
    ['ca', 'secretRef', 'name'],
    ['ca', 'secretRef', 'namespace'],
  ],
  certManager: [['issuerName'], ['issuerKind'], ['issuerGroup']],
  vault: [
    ['host'],
    ['port'],
    ['role'],
    ['protocol'],
    ['token', 'secretKeyRef', 'name'],
    ['token', 'secretKeyRef', 'key'],
    ['token', 'secretKeyRef', 'namespace'],
  ],
};

/** OSM's rules: at most two roots are in use, one of them signs, and what a root is cannot change under those who trust it. */
export const reviewMeshRootCertificate: KindRules = (reviewed, findings) => {
  const { ref, spec, before, world } = reviewed;
  if (ref.namespace !== world.scope.meshNamespace) {
    findings.warn(`it has no effect: the mesh reads those in ${world.scope.meshNamespace} only`);
    return;
  }
  if (fieldAt(spec, 'trustDomain') === '')
    findings.refuse('spec.trustDomain is empty; write it such as cluster.local');
  const role = roleOf(spec);
  if (role === 'unknown')
    findings.refuse(
      `spec.role is ${textAt(spec, 'role')}; use active, passive, or inactive (no longer in use)`,
    );
  checkProvider(spec, findings);
  if (before === undefined) checkCreation(reviewed, role, findings);
  else checkUpdate(reviewed, role, findings);
};

/** Before 1.3 there was no role: the one root there was signed. */
function roleOf(spec: unknown): Role {
  const role = textAt(spec, 'role');
  if (role === '') return 'active';
  return role === 'active' || role === 'passive' || role === 'inactive' ? role : 'unknown';
}

function checkProvider(spec: unknown, { refuse }: Findings): void {
  const given = Object.keys(providers).filter(
    (name) => fieldAt(spec, 'provider', name) !== undefined,
  );
  if (given.length !== 1)
    refuse(`spec.provider must have exactly one of ${Object.keys(providers).join(', ')}`);
  for (const name of given) {
    for (const path of providers[name] ?? []) {
      const value = fieldAt(spec, 'provider', name, ...path);
      if (value === undefined || value === '')
        refuse(`spec.provider.${name}.${path.join('.')} is missing`);
    }
  }
}

/** Roles of the others that are in use. */
function othersInUse({ ref, world }: Reviewed): readonly { name: string; role: Role }[] {
  return [...world.written('MeshRootCertificate')]
    .filter((other) => other.ref.namespace === ref.namespace && other.ref.name !== ref.name)
    .map((other) => ({ name: other.ref.name, role: roleOf(other.spec) }))
    .filter(({ role }) => role === 'active' || role === 'passive');
}

function checkCreation(reviewed: Reviewed, role: Role, { refuse }: Findings): void {
  if (role !== 'active' && role !== 'passive') return;
  const others = othersInUse(reviewed);
  const same = others.find((other) => other.role === role);
  if (same !== undefined)
    refuse(`MeshRootCertificate ${same.name} is ${role} already; create this one as ${free(role)}`);
  else if (others.length >= 2)
    refuse(
      `${others.map(({ name }) => name).join(' and ')} are in use already; make one of them inactive first`,
    );
}

function free(role: Role): string {
  return role === 'active' ? 'passive, and make it active later' : 'inactive';
}

const fixed = ['provider', 'trustDomain', 'spiffeEnabled'];

function checkUpdate(reviewed: Reviewed, role: Role, { refuse }: Findings): void {
  const { spec, before } = reviewed;
  const old = fieldAt(before, 'spec');
  for (const field of fixed) {
    if (!sameValue(fieldAt(spec, field), fieldAt(old, field)))
      refuse(`spec.${field} cannot change; create another MeshRootCertificate, and rotate to it`);
  }
  const from = roleOf(old);
  if (from === role) return;
  if (from === 'active' && role === 'inactive')
    refuse('spec.role cannot go from active to inactive; make it passive in between');
  if (from === 'inactive' && role === 'active')
    refuse('spec.role cannot go from inactive to active; make it passive in between');
  const roles = [...othersInUse(reviewed).map((other) => other.role), role]
    .filter((each) => each === 'active' || each === 'passive')
    .sort();
  if (roles.length > 2) refuse('more than two roots would be in use; make one of them inactive');
  else if (roles[0] !== 'active') refuse('no root would be active; make another one active first');
}
