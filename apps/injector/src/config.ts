import { err, ok, type Result } from '@osm/prelude';
import type { XdsAddress } from '@osm/injection';
import { busFlags, flag, kubeconfigFlag, type ConfigOf, type FlagSpec } from '@osm/runtime';

const xdsAddress: FlagSpec<readonly XdsAddress[]> = {
  describe: 'Where proxies find the xDS server; several are its replicas',
  placeholder: 'HOST:PORT[,HOST:PORT...]',
  defaultText: 'osm-controller.osm-system.svc.cluster.local:15128',
  parse: parseAddresses,
  repeated: true,
};

/** Flags of this service. The environment names of the images are OSM's. */
export const flags = {
  ...busFlags,
  webhookPort: flag.port('Port of the admission webhook, path /mutate-pod-creation', {
    default: '9090',
  }),
  webhookHost: flag.text('Address of the admission webhook', { default: '0.0.0.0' }),
  webhookTls: flag.boolean('HTTPS; false only for development on the loopback', {
    default: 'true',
  }),
  secretDirectory: flag.text(
    'Directory where bootstrap Secrets are written, as <namespace>.<name>.json, instead of the Kubernetes API',
    { placeholder: 'DIR', default: '' },
  ),
  kubeconfig: kubeconfigFlag,
  webhookConfigName: flag.text('MutatingWebhookConfiguration whose caBundle to keep right', {
    default: 'osm-webhook-osm',
  }),
  xdsAddress,
  meshName: flag.text('Name of the mesh, for labels', { default: 'osm' }),
  meshNamespace: flag.text('Namespace of the control plane: never injected', {
    default: 'osm-system',
  }),
  defaultEnvoyImage: flag.text('Image of the proxy where MeshConfig names none', {
    default: 'envoyproxy/envoy:v1.40.0',
  }),
  defaultInitContainerImage: flag.text('Image of osm-init where MeshConfig names none', {
    default: 'osm/init:0.1.0',
  }),
  defaultHealthcheckContainerImage: flag.text('Image of osm-healthcheck', {
    default: 'osm/healthcheck:0.1.0',
  }),
  defaultProxylessAgentImage: flag.text('Image of the agent in pods whose gRPC speaks xDS itself', {
    default: 'osm/proxyless-agent:0.1.0',
  }),
  osmContainerPullPolicy: flag.choice(
    'Pull policy of osm-init, osm-healthcheck and the agent',
    ['Always', 'IfNotPresent', 'Never'],
    { default: 'IfNotPresent' },
  ),
};

export type Config = ConfigOf<typeof flags>;

function parseAddresses(text: string): Result<readonly XdsAddress[], string> {
  const addresses: XdsAddress[] = [];
  for (const item of text.split(',').filter((each) => each !== '')) {
    const match = /^(?<host>[^:\s]+|\[[0-9a-fA-F:]+\]):(?<port>\d{1,5})$/.exec(item);
    const port = Number(match?.groups?.['port']);
    const host = match?.groups?.['host'];
    if (host === undefined || !(port >= 1 && port <= 65_535))
      return err(`"${item}" is not HOST:PORT, such as 127.0.0.1:15128`);
    addresses.push({ host: host.replace(/^\[|\]$/g, ''), port });
  }
  return addresses.length > 0 ? ok(addresses) : err('at least one HOST:PORT is needed');
}
