import { subjects, type Bus } from '@osm/bus';
import { createKeyPair, exportPrivateKeyPem, sealSignRequest } from '@osm/pki';
import { MeshError } from '@osm/prelude';
import type { CertificateSubject } from '@osm/proto-mesh';
import type { FleetIdentities, ProxyIdentity } from '../fleet/messages.ts';
import type { MeshPlan } from '../mesh/plan.ts';

/** A key and certificate as the injector would have put them into a pod. */
export interface IssuedIdentity {
  readonly rootsPem: string;
  readonly keyPem: string;
  readonly chainPem: string;
}

const atOnce = 16;
const signTimeoutMs = 5000;

/** Has the certificate manager sign bootstrap certificates for every pod of the plan: they exist before proxies start. */
export async function issueProxyIdentities(bus: Bus, plan: MeshPlan): Promise<FleetIdentities> {
  const wanted = plan.services.flatMap((service) =>
    service.pods.map((pod) => ({
      uuid: pod.uuid,
      namespace: service.namespace,
      serviceAccount: service.name,
    })),
  );
  const proxies: ProxyIdentity[] = [];
  let rootsPem = '';
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < wanted.length) {
      const index = next;
      next += 1;
      const proxy = wanted[index];
      if (proxy === undefined) return;
      const issued = await issue(bus, { kind: { $case: 'proxy', value: proxy } });
      rootsPem = issued.rootsPem;
      proxies[index] = { ...proxy, keyPem: issued.keyPem, chainPem: issued.chainPem };
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return { rootsPem, proxies };
}

/** One key, one CSR, one certificate. */
export async function issue(bus: Bus, subject: CertificateSubject): Promise<IssuedIdentity> {
  const pair = await createKeyPair();
  const question = { pair, subject, validityMs: 0, asker: 'injector', nowMs: Date.now() };
  const request = await sealSignRequest(question);
  const answer = await bus.request(subjects.sign, request, { timeoutMs: signTimeoutMs });
  if (answer.kind === 'error') throw answer.error;
  const result = answer.value.result;
  if (result?.$case !== 'issued')
    throw new MeshError('sign_refused', result?.value.message ?? 'empty answer of the signer');
  return {
    rootsPem: result.value.bundle?.rootsPem.join('') ?? '',
    keyPem: (await exportPrivateKeyPem(pair)).reveal(),
    chainPem: result.value.chainPem,
  };
}
