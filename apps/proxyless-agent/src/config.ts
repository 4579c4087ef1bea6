import { flag, trustDomainFlag, type ConfigOf } from '@osm/runtime';

/** Flags of this service. */
export const flags = {
  xdsAddress: flag.texts('Where the xDS server is, HOST:PORT; several are its replicas', {
    placeholder: 'HOST:PORT[,HOST:PORT...]',
  }),
  trustDomain: trustDomainFlag,
  bootstrapDirectory: flag.text('The mounted bootstrap Secret of the pod', {
    default: '/etc/envoy',
    placeholder: 'DIR',
  }),
  directory: flag.text('Where the application finds bootstrap, certificates and socket', {
    default: '/var/run/osm-grpc',
    placeholder: 'DIR',
  }),
};

export type Config = ConfigOf<typeof flags>;
