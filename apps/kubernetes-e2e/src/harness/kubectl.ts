import { mustRun, run, type Ended } from './run.ts';

/** An object of the Kubernetes API, as far as it matters here. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** The command that KUBECTL names (it may have arguments), else `kubectl`. */
export const kubectlCommand: readonly string[] = (process.env['KUBECTL'] ?? 'kubectl')
  .split(' ')
  .filter((word) => word !== '');

/** Runs kubectl; what it printed. @throws Error with what it said on standard error */
export function kubectl(...args: readonly string[]): Promise<string> {
  return mustRun([...kubectlCommand, ...args]);
}

/** The same where a failure is one of the answers. */
export function tryKubectl(...args: readonly string[]): Promise<Ended> {
  return run([...kubectlCommand, ...args]);
}

/** What `kubectl get ... -o json` tells. */
export async function kubectlJson<T>(...args: readonly string[]): Promise<T> {
  return JSON.parse(await kubectl(...args, '-o', 'json')) as T;
}

/** `kubectl apply` of objects, or of YAML as a user would write it. */
export async function apply(...manifests: readonly (Manifest | string)[]): Promise<void> {
  await mustRun([...kubectlCommand, 'apply', '-f', '-'], { input: documents(manifests) });
}

/** The same where a refusal is one of the answers. */
export function tryApply(...manifests: readonly (Manifest | string)[]): Promise<Ended> {
  return run([...kubectlCommand, 'apply', '-f', '-'], { input: documents(manifests) });
}

/** `kubectl delete` of the same; what is gone already does not matter. */
export async function remove(...manifests: readonly (Manifest | string)[]): Promise<void> {
  const command = [...kubectlCommand, 'delete', '--ignore-not-found', '-f', '-'];
  await mustRun(command, { input: documents(manifests) });
}

function documents(manifests: readonly (Manifest | string)[]): string {
  return manifests
    .map((manifest) => (typeof manifest === 'string' ? manifest : JSON.stringify(manifest)))
    .join('\n---\n');
}
