import type { Bundle } from '@osm/proto-mesh';
import { Bundle as BundleCodec, CatalogObject, ProxyAssignment } from '@osm/proto-mesh';
import type { CatalogValue } from '@osm/model';
import { compileModel, nameOfKey, objectOf } from './model-mesh.ts';
import { grantsOf, serviceNames } from './truth.ts';
import type { World } from './world.ts';

/** What is not as the truth says, now; empty = everything is. */
export function whatDiffers(world: World): string {
  return (
    servicesThatAreMissing(world) ||
    proxiesDiffer(world) ||
    catalogDiffers(world) ||
    compiledDiffers(world)
  );
}

function servicesThatAreMissing({ processes, watched }: World): string {
  const leaders = new Map<string, number>();
  for (const process of processes) {
    if (!process.alive()) return `${process.name} does not run`;
    const leading = watched.get(process.name)?.leading === true ? 1 : 0;
    leaders.set(process.service, (leaders.get(process.service) ?? 0) + leading);
  }
  leaders.delete('xds-server');
  for (const [service, count] of leaders) if (count !== 1) return `${service} has ${count} leaders`;
  return '';
}

function catalogDiffers({ truth, network }: World): string {
  const contents = network.nats.contents('catalog');
  if (contents?.has('epoch') !== true) return 'the catalog has no epoch';
  for (const [key, name] of nameOfKey) {
    const bytes = contents.get(key)?.bytes;
    const value = bytes && (CatalogObject.decode(bytes).kind as CatalogValue | undefined);
    const now = value && objectOf(value)?.generation;
    if (now !== truth.now(name))
      return `catalog: ${name} is ${now ?? 'gone'}, not ${truth.now(name) ?? 'gone'}`;
  }
  return '';
}

function compiledDiffers({ truth, network }: World): string {
  const wanted = compileModel(truth.now);
  const bundles = network.nats.contents('compiled');
  const assignments = network.nats.contents('workloads');
  if (bundles?.has('epoch') !== true) return 'compiled has no epoch';
  if (assignments?.has('epoch') !== true) return 'workloads has no epoch';
  if (network.nats.contents('trust')?.has('epoch') !== true) return 'trust has no epoch';
  for (const [key, { bytes }] of bundles) {
    if (key === 'epoch') continue;
    const bundle = wanted.bundles.get(key);
    if (bundle === undefined) return `bundle ${key} is an orphan`;
    if (bytes === undefined || !sameBundle(BundleCodec.decode(bytes), bundle))
      return `bundle ${key} is not right`;
  }
  for (const key of wanted.bundles.keys()) if (!bundles.has(key)) return `bundle ${key} is missing`;
  for (const [uuid, { bundle }] of wanted.assignments) {
    const bytes = assignments.get(uuid)?.bytes;
    if (bytes === undefined) return `assignment ${uuid} is missing`;
    if (ProxyAssignment.decode(bytes).bundle !== bundle) return `assignment ${uuid} is not right`;
  }
  return '';
}

function sameBundle(a: Bundle, b: Bundle): boolean {
  return (
    a.resources.map(({ version }) => version).join() ===
      b.resources.map(({ version }) => version).join() && a.includes.join() === b.includes.join()
  );
}

function proxiesDiffer({ proxies, truth }: World): string {
  for (const [at, proxy] of proxies.entries()) {
    if (proxy.connectedTo() === undefined) return `proxy-${at} is not connected`;
    const reachable = proxy.reachable();
    for (const [service, name] of serviceNames.entries()) {
      const granted = truth.now(grantsOf[at]?.[service] ?? 'grant 0>0') !== undefined;
      const wanted = granted ? truth.now(name) : undefined;
      if (reachable.get(service) !== wanted || reachable.has(service) !== (wanted !== undefined))
        return `proxy-${at}: ${name} is ${reachable.get(service) ?? 'gone'}, not ${wanted ?? 'gone'}`;
    }
    for (const [name, state] of proxy.grants())
      if ((state ?? undefined) !== truth.now(name))
        return `proxy-${at}: ${name} is ${state ?? 'gone'}`;
    if (proxy.grants().length === 0) return `proxy-${at} has no routes`;
    if (proxy.secrets().join() !== 'identity,trust') return `proxy-${at} has no secrets`;
    if (proxy.client.warming.size > 0) return `proxy-${at} has clusters that wait`;
  }
  return '';
}
