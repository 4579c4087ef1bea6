/** Which chart, as which mesh, with which values. */
export interface ChartOptions {
  readonly chart: string;
  readonly meshName: string;
  readonly namespace: string;
  readonly set: readonly string[];
  readonly values: readonly string[];
  /** Undefined: the values decide. */
  readonly enforceSingleMesh?: boolean;
}

/** Release, chart and values for helm. Flags of ours have the last word, as OSM. */
export function chartArguments(options: ChartOptions): readonly string[] {
  const own = [`osm.meshName=${options.meshName}`];
  if (options.enforceSingleMesh !== undefined) {
    own.push(`osm.enforceSingleMesh=${options.enforceSingleMesh}`);
  }
  return [
    options.meshName,
    options.chart,
    '--namespace',
    options.namespace,
    ...options.values.flatMap((file) => ['--values', file]),
    ...[...options.set, ...own].flatMap((text) => ['--set', text]),
  ];
}
