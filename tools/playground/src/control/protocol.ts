/** What `pods -o json` prints, and what the commands learn from the running playground: one pod. */
export interface PodSummary {
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
  /** Name of the Deployment (or of the Pod itself). */
  readonly owner: string;
  readonly phase: string;
  readonly ready: boolean;
  readonly reason: string;
  readonly ip: string;
  readonly sidecar: boolean;
  readonly serviceAccount: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly containers: readonly {
    readonly name: string;
    readonly state: string;
    readonly detail: string;
    readonly restarts: number;
  }[];
}

/** How to run a command in a container. */
export interface ExecPlan {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export const socketName = 'control.sock';

export interface ErrorAnswer {
  readonly error: string;
}
