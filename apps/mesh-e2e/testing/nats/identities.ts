import { subjects, type Bus } from '@osm/bus';
import { createKeyPair, exportPrivateKeyPem, sealSignRequest } from '@osm/pki';

/** What a pod's bootstrap would hold. */
export interface ProxyIdentity {
  readonly uuid: string;
  readonly rootsPem: string;
  readonly privateKeyPem: string;
  readonly chainPem: string;
}

/** Has the certificate manager sign the client certificate of a proxy, as the injector does. */
export async function issueProxyIdentity(
  bus: Bus,
  proxy: { readonly uuid: string; readonly namespace: string; readonly serviceAccount: string },
): Promise<ProxyIdentity> {
  const pair = await createKeyPair();
  const request = await sealSignRequest({
    pair,
    subject: { kind: { $case: 'proxy', value: proxy } },
    validityMs: 0,
    asker: 'injector',
    nowMs: Date.now(),
  });
  const answer = await bus.request(subjects.sign, request);
  if (answer.kind === 'error') throw answer.error;
  const { result } = answer.value;
  if (result?.$case !== 'issued') throw new Error(result?.value.message ?? 'no answer');
  return {
    uuid: proxy.uuid,
    rootsPem: result.value.bundle?.rootsPem.join('') ?? '',
    privateKeyPem: (await exportPrivateKeyPem(pair)).reveal(),
    chainPem: result.value.chainPem,
  };
}
