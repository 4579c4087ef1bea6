import { beforeAll, describe, expect, it } from 'vitest';
import { kubectlJson, tryKubectl } from '../harness/kubectl.ts';
import { meshNamespace, useMesh } from '../harness/mesh.ts';

interface PodOfMesh {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly containers: readonly {
      readonly name: string;
      readonly securityContext?: { readonly readOnlyRootFilesystem?: boolean };
    }[];
  };
}

describe('the control plane runs with the least that its images need', () => {
  beforeAll(useMesh);

  it('all its file systems are read-only', async () => {
    const { items } = await kubectlJson<{ items: readonly PodOfMesh[] }>(
      ...['get', 'pods', '-n', meshNamespace],
    );
    expect(items.length).toBeGreaterThan(5);
    const writable = items.flatMap(({ metadata, spec }) =>
      spec.containers
        .filter(({ securityContext }) => securityContext?.readOnlyRootFilesystem !== true)
        .map(({ name }) => `${metadata.name}/${name}`),
    );
    expect(writable).toEqual([]);
  });

  it('all its pods would pass the restricted pod security standard', async () => {
    const { status, errors } = await tryKubectl(
      ...['label', '--dry-run=server', '--overwrite', 'namespace', meshNamespace],
      'pod-security.kubernetes.io/enforce=restricted',
    );
    expect({ status, warnings: errors.trim() }).toEqual({ status: 0, warnings: '' });
  });
});
