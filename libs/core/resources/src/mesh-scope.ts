/** Which mesh: what of the world belongs to it. */
export interface MeshScope {
  /** Namespaces with the label openservicemesh.io/monitored-by of this value are in the mesh. */
  readonly meshName: string;
  /** Where MeshConfig osm-mesh-config lives. */
  readonly meshNamespace: string;
  readonly trustDomain: string;
}
