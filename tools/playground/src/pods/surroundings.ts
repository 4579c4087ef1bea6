import type { JsonObject } from '../cluster/json.ts';
import type { Dialer } from '../network/dialer.ts';
import type { NodeNetwork } from '../network/node-network.ts';
import type { Isolation } from '../process/isolation.ts';
import type { Images } from './container-command.ts';
import type { PodIdentity } from './pod-identity.ts';
import type { ObjectSource } from './pod-spec.ts';

/** What a pod is to be. */
export interface PodBlueprint extends PodIdentity {
  readonly annotations: ReadonlyMap<string, string>;
  readonly rawSpec: JsonObject;
}

/** What pods need from the playground around them. */
export interface PodSurroundings {
  readonly network: NodeNetwork;
  readonly dialer: Dialer;
  readonly images: Images;
  readonly isolation: Isolation;
  /** Directory for the pods' own directories. */
  readonly directory: string;
  /** Programs that every pod has on its PATH: name -> file. */
  readonly programs: ReadonlyMap<string, string>;
  /** Shows the pod to the injector when its namespace is in the mesh; returns what is to run. */
  readonly admit: (pod: JsonObject) => Promise<JsonObject>;
  /** The admitted pod is over: what the injector made for it goes. */
  readonly release: (pod: JsonObject) => void;
  /** Files of a ConfigMap or Secret. */
  readonly contents: (
    namespace: string,
    source: ObjectSource,
  ) => ReadonlyMap<string, Buffer> | undefined;
  readonly hosts: (pod: {
    readonly namespace: string;
    readonly hostname: string;
    readonly ip: string;
  }) => string;
  /** Something in a pod's view changed. */
  readonly onChange: () => void;
  /** Something that the user should read. */
  readonly report: (message: string) => void;
}
