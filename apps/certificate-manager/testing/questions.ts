import { buckets, subjects, type OwnedTable } from '@osm/bus';
import { objectKey } from '@osm/model';
import { createKeyPair, sealSignRequest } from '@osm/pki';
import type {
  CatalogObject,
  CertificateSubject,
  SignedRequest,
  SignResponse,
} from '@osm/proto-mesh';
import type { TestHub } from './replica.ts';

/** A question as a service would ask it now, with a fresh key. */
export async function sealed(
  asker: string,
  subject: CertificateSubject,
  nowMs = Date.now(),
): Promise<SignedRequest> {
  return sealSignRequest({ pair: await createKeyPair(), subject, validityMs: 0, asker, nowMs });
}

/** Sends a question as the service, and waits for the answer. */
export async function send(
  hub: TestHub,
  service: string,
  request: SignedRequest,
): Promise<SignResponse> {
  const asker = hub.connect({ service });
  try {
    const response = await asker.request(subjects.sign, request);
    if (response.kind === 'error') throw response.error;
    return response.value;
  } finally {
    await asker.close();
  }
}

/** The code of a refusal; a certificate has none. */
export function refusalCode({ result }: SignResponse): string | undefined {
  return result?.$case === 'refused' ? result.value.code : undefined;
}

/** A catalog with the namespace `shop`, on the bus. */
export interface TestCatalog {
  readonly addAccount: (name: string) => void;
  readonly removeAccount: (name: string) => void;
}

export function publishCatalog(hub: TestHub): TestCatalog {
  const table: OwnedTable<CatalogObject> = hub
    .connect({ service: 'catalog-watcher' })
    .own(buckets.catalog);
  const account = (name: string) =>
    ({ $case: 'serviceAccount', value: { namespace: 'shop', name } }) as const;
  const namespace = {
    $case: 'namespace',
    value: { name: 'shop', injection: 1, injectionText: '', metrics: false, ignored: false },
  } as const;
  const catalog: TestCatalog = {
    addAccount: (name) => table.set(objectKey(account(name)), { kind: account(name) }),
    removeAccount: (name) => table.remove(objectKey(account(name))),
  };
  table.set(objectKey(namespace), { kind: namespace });
  catalog.addAccount('bookstore');
  table.complete();
  return catalog;
}
