/** Which pod it is. Labels are those planned, after admission those admitted. */
export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  /** Key of the workload that wants it: "Deployment/namespace/name". */
  readonly workload: string;
  /** The workload's name. */
  readonly owner: string;
  /** Of the workload's template: a pod of another one is replaced. */
  readonly hash: string;
  readonly number: number;
  readonly uid: string;
  readonly ip: string;
  readonly labels: ReadonlyMap<string, string>;
}
