import type { CertificateSubject } from '@osm/pki';
import type * as proto from '@osm/proto-mesh';

/** The subject of a request; undefined when it names none. */
export function requestSubject(
  subject: proto.CertificateSubject | undefined,
): CertificateSubject | undefined {
  const kind = subject?.kind;
  switch (kind?.$case) {
    case undefined:
      return undefined;
    case 'workload':
      return { kind: 'workload', identity: kind.value };
    case 'proxy':
      return { kind: 'proxy', uuid: kind.value.uuid, identity: kind.value };
    case 'controlPlane':
      return { kind: 'controlPlane', name: kind.value.name, dnsNames: kind.value.dnsNames };
  }
}
