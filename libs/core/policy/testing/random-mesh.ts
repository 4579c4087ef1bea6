import { objectKey, type CatalogValue } from '@osm/model';
import fc from 'fast-check';
import type { CatalogChange } from '../src/index.ts';
import {
  endpoints,
  namespace,
  pod,
  routeGroup,
  service,
  serviceAccount,
  settings,
  target,
  tcpRoute,
  trafficSplit,
} from './builders.ts';
import { put } from './policy-state.ts';

// Small pools of names, so that references meet, miss, and collide.
const namespaces = ['n', 'm'];
const names = ['a', 'b', 'c'];
// Mostly one namespace: references do not cross.
const namespaceName = fc.constantFrom('n', 'n', 'n', 'm');
const name = fc.constantFrom(...names);
const place = fc.tuple(namespaceName, name).map(([space, own]) => `${space}/${own}`);
const account = fc.constantFrom('a', 'a', 'b', 'b', 'c');
const accountPlace = fc.tuple(namespaceName, account).map(([space, own]) => `${space}/${own}`);
const ip = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4');
const targetPort = fc.constantFrom(8080, 8081, 9000);
const portText = fc
  .tuple(
    fc.constantFrom('one:80', 'two:81', 'three:90'),
    fc.oneof(targetPort.map(String), fc.constant('web')),
    fc.constantFrom('http', 'http', 'grpc', 'tcp', 'tcp-server-first', 'odd'),
  )
  .map(([dialled, to, protocol]) => `${dialled}->${to} ${protocol}`);
const labels = fc.record({ app: fc.constantFrom('a', 'b'), tier: fc.constantFrom('x', 'y') });
const selector = fc.oneof(
  labels,
  fc.constantFrom({ app: 'a' }, { app: 'b' }, { tier: 'x' }, { tier: 'y' }, {}),
);

const arbitraries = {
  settings: fc
    .record({ permissive: fc.boolean(), egress: fc.boolean() })
    .map((values) => settings(values)),
  namespace: namespaceName.map(namespace),
  account: accountPlace.map(serviceAccount),
  service: fc
    .record({
      at: place,
      ip: fc.constantFrom('10.96.0.1', '10.96.0.2', '10.96.0.3'),
      ports: fc.uniqueArray(portText, {
        minLength: 1,
        maxLength: 3,
        selector: (text) => text.slice(0, 3),
      }),
      selector,
      headless: fc.boolean(),
    })
    .map(({ at, ...fields }) => service(at, fields)),
  pod: fc
    .record({
      at: fc.tuple(namespaceName, fc.constantFrom('p1', 'p2', 'p3', 'p4')),
      ip,
      account,
      labels,
      namedPorts: fc.oneof(
        fc.constant({}),
        targetPort.map((port) => ({ web: port })),
      ),
      scrape: fc.boolean(),
      proxyless: fc.constantFrom(false, false, true),
      uuid: fc.constantFrom(undefined, undefined, undefined, 'shared'),
    })
    .map(({ at: [space, own], uuid, ...fields }) =>
      pod(`${space}/${own}`, { ...fields, uuid: uuid ?? `${space}-${own}` }),
    ),
  endpoints: fc
    .record({
      of: place,
      slice: fc.constantFrom('s1', 's2'),
      ports: fc.uniqueArray(
        fc
          .tuple(fc.constantFrom('one', 'two', 'three'), targetPort)
          .map(([portName, port]) => `${portName}:${port}`),
        { minLength: 1, maxLength: 3, selector: (text) => text.split(':')[0] },
      ),
      at: fc.array(fc.tuple(ip, fc.constantFrom('', '=p1', '=p1', '=p2', '=p2', '=p3', '=p4')), {
        minLength: 1,
        maxLength: 3,
      }),
    })
    .map(({ of, at, slice, ...fields }) => {
      // Only services named a have pods with host names, and an address has one name.
      const host = (address: string) => (of.endsWith('a') ? `@h${address.slice(-1)}` : '');
      const addresses = at.map(([address, podName]) => `${address}${host(address)}${podName}`);
      return endpoints(of, { ...fields, at: addresses, slice: `${of.slice(2)}-${slice}` });
    }),
  target: fc
    .record({
      at: place,
      toName: account,
      toNamespace: fc.constantFrom(undefined, undefined, undefined, ...namespaces),
      from: fc.uniqueArray(accountPlace, { maxLength: 3, minLength: 1 }),
      http: fc.uniqueArray(fc.constantFrom('a:x', 'a:x,y', 'b:y,z', 'b', 'c:z'), { maxLength: 2 }),
      tcp: fc.uniqueArray(name, { maxLength: 1 }),
    })
    .map(({ at, toName, toNamespace, ...fields }) =>
      target(at, { ...fields, to: `${toNamespace ?? at.slice(0, 1)}/${toName}` }),
    ),
  routeGroup: fc
    .tuple(place, fc.uniqueArray(fc.constantFrom('x', 'y', 'z'), { maxLength: 3 }))
    .map(([at, matches]) =>
      routeGroup(at, Object.fromEntries(matches.map((match) => [match, { path: `/${match}` }]))),
    ),
  tcpRoute: fc
    .tuple(place, fc.uniqueArray(targetPort, { maxLength: 2 }))
    .map(([at, ports]) => tcpRoute(at, ports)),
  split: fc
    .tuple(place, name, fc.dictionary(name, fc.nat(2), { maxKeys: 3 }))
    .map(([at, root, weights]) => trafficSplit(at, root, weights)),
};

/** One object of a small mesh in which names often meet. */
export const anyObject: fc.Arbitrary<CatalogValue> = fc.oneof(
  { weight: 1, arbitrary: arbitraries.settings },
  { weight: 2, arbitrary: arbitraries.namespace },
  { weight: 1, arbitrary: arbitraries.account },
  { weight: 6, arbitrary: arbitraries.service },
  { weight: 7, arbitrary: arbitraries.pod },
  { weight: 6, arbitrary: arbitraries.endpoints },
  { weight: 7, arbitrary: arbitraries.target },
  { weight: 2, arbitrary: arbitraries.routeGroup },
  { weight: 2, arbitrary: arbitraries.tcpRoute },
  { weight: 3, arbitrary: arbitraries.split },
);

function some<T>(arbitrary: fc.Arbitrary<T>, minLength: number): fc.Arbitrary<T[]> {
  return fc.array(arbitrary, { minLength, maxLength: minLength + 4 });
}

/** The objects of a small mesh, each key once; both namespaces mostly belong to the mesh. */
export const anyMesh: fc.Arbitrary<readonly CatalogValue[]> = fc
  .tuple(
    fc.constantFrom(['n', 'm'], ['n', 'm'], ['n']).map((members) => members.map(namespace)),
    fc.array(arbitraries.settings, { maxLength: 1 }),
    fc.array(arbitraries.account, { maxLength: 2 }),
    some(arbitraries.service, 3),
    some(arbitraries.pod, 4),
    some(arbitraries.endpoints, 4),
    some(arbitraries.target, 4),
    some(arbitraries.routeGroup, 1),
    some(arbitraries.tcpRoute, 1),
    fc.array(arbitraries.split, { maxLength: 2 }),
  )
  .map((groups) => [
    ...new Map(groups.flat().map((object) => [objectKey(object), object])).values(),
  ]);

/** Batches of changes; deletes may name objects that are not there. */
export const anyChanges: fc.Arbitrary<readonly (readonly CatalogChange[])[]> = fc.array(
  fc.array(
    fc.oneof(
      { weight: 3, arbitrary: anyObject.map(put) },
      {
        weight: 1,
        arbitrary: anyObject.map((object): CatalogChange => ({
          kind: 'delete',
          key: objectKey(object),
        })),
      },
    ),
    { maxLength: 4 },
  ),
  { maxLength: 8 },
);
