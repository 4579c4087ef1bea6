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

/** The answer to `exec`: how to run the command, from within the namespaces of the process that answered. */
export interface ExecAnswer extends ExecPlan {
  readonly runner: number;
}

/** What a running playground says of itself. */
export interface About {
  readonly pid: number;
  readonly directory: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** As root, or in user namespaces. */
  readonly way: string;
  readonly pods: { readonly ready: number; readonly all: number };
}

export const socketName = 'control.sock';
