import { err, ok, type Result } from '@osm/prelude';
import { field, FieldError, type Field, type JsonObject } from './json.ts';
import type { Manifest } from './manifests.ts';

/** What the playground uses of a Service. */
export interface ServiceSpec {
  readonly namespace: string;
  readonly name: string;
  /** ExternalName services have no addresses and are only handed on. */
  readonly kind: 'ClusterIP' | 'Headless' | 'ExternalName';
  /** The address that the manifest asks for, if it does. */
  readonly wantedAddress: string | undefined;
  /** Empty selects nothing. */
  readonly selector: ReadonlyMap<string, string>;
  readonly ports: readonly ServicePort[];
  readonly publishNotReady: boolean;
  /** The name that an ExternalName service stands for; empty for the others. */
  readonly externalName: string;
  readonly body: JsonObject;
}

export interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  /** A number, or the name of a container port. */
  readonly target: number | string;
}

export function parseService(manifest: Manifest): Result<ServiceSpec, string> {
  try {
    return ok(readService(manifest));
  } catch (thrown) {
    if (thrown instanceof FieldError) return err(thrown.message);
    throw thrown;
  }
}

function readService(manifest: Manifest): ServiceSpec {
  const spec = field(manifest.body).at('spec');
  const address = spec.at('clusterIP').text();
  const type = spec.at('type').text() ?? 'ClusterIP';
  return {
    namespace: manifest.namespace,
    name: manifest.name,
    kind: type === 'ExternalName' ? 'ExternalName' : address === 'None' ? 'Headless' : 'ClusterIP',
    wantedAddress:
      address === undefined || address === '' || address === 'None' ? undefined : address,
    selector: spec.at('selector').textMap(),
    ports: spec.at('ports').items().map(readPort),
    externalName: type === 'ExternalName' ? spec.at('externalName').requiredText() : '',
    publishNotReady: spec.at('publishNotReadyAddresses').flag() ?? false,
    body: manifest.body,
  };
}

function readPort(port: Field): ServicePort {
  const number = port.at('port').integer() ?? port.at('port').fail('a port number');
  const target = port.at('targetPort').value;
  return {
    name: port.at('name').text() ?? '',
    port: number,
    protocol: port.at('protocol').text() === 'UDP' ? 'udp' : 'tcp',
    target:
      typeof target === 'number' || (typeof target === 'string' && target !== '') ? target : number,
  };
}
