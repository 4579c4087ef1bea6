// Fakes for the specs of `osm`: a cluster, a helm, a terminal.
export { createFakeCluster, type FakeCluster } from './fake-cluster.ts';
export { createFakeHelm } from './fake-helm.ts';
export { createFakeTerminal } from './fake-terminal.ts';
export { putMesh } from './put-mesh.ts';
