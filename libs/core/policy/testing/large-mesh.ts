import type { CatalogValue } from '@osm/model';
import { endpoints, namespace, pod, routeGroup, service, settings, target } from './builders.ts';

export interface LargeMeshShape {
  readonly services: number;
  /** Pods per service. */
  readonly replicas: number;
  /** Sources that may call each service. */
  readonly callers: number;
  readonly permissive?: boolean;
}

/** Services `mesh/s<n>` on port 80 with accounts of the same name, each callable by the `callers` services after it. */
export function largeMesh(shape: LargeMeshShape): readonly CatalogValue[] {
  const { services, replicas, callers, permissive = false } = shape;
  const numbers = Array.from({ length: services }, (_, n) => n);
  return [
    settings({ permissive }),
    namespace('mesh'),
    routeGroup('mesh/all', { all: { path: '.*' } }),
    ...numbers.flatMap((n) => {
      const pods = Array.from({ length: replicas }, (_, r) => ({
        name: `s${n}-${r}`,
        ip: `10.${1 + r}.${n >> 8}.${n & 255}`,
      }));
      const sources = Array.from({ length: callers }, (_, c) => `mesh/s${(n + 1 + c) % services}`);
      return [
        service(`mesh/s${n}`, { ip: `10.96.${n >> 8}.${n & 255}` }),
        ...pods.map(({ name, ip }) => pod(`mesh/${name}`, { ip, account: `s${n}` })),
        endpoints(`mesh/s${n}`, { at: pods.map(({ name, ip }) => `${ip}=${name}`) }),
        target(`mesh/s${n}`, { to: `mesh/s${n}`, from: sources, http: ['all:all'] }),
      ];
    }),
  ];
}
