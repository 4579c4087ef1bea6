import { randomBytes } from 'node:crypto';
import { apply, kubectl, type Manifest } from './kubectl.ts';
import { osm } from './osm.ts';

/** What one story makes on the cluster. It is removed when the story's tests are over. */
export interface Story {
  /** Makes a namespace and joins it to the mesh; its name begins with the given one, the rest is new each time. */
  readonly namespace: (name: string) => Promise<string>;
  /** Makes one outside the mesh. */
  readonly plainNamespace: (name: string) => Promise<string>;
  /** Removes what remains of it now. */
  readonly end: () => Promise<void>;
}

/** Begins a story; `afterAll(story.end)` ends it. */
export function openStory(): Story {
  const made: string[] = [];
  const plainNamespace = async (name: string): Promise<string> => {
    const full = `${name}-${randomBytes(3).toString('hex')}`;
    await apply(namespaceObject(full));
    made.push(full);
    // The API server gives every namespace its default account; pods are refused before that.
    await kubectl('wait', '-n', full, '--for=create', 'serviceaccount/default', '--timeout=20s');
    return full;
  };
  return {
    plainNamespace,
    namespace: async (name) => {
      const full = await plainNamespace(name);
      await osm('namespace', 'add', full);
      return full;
    },
    end: async () => {
      const names = made.splice(0);
      if (names.length === 0) return;
      await kubectl('delete', 'namespace', '--ignore-not-found', '--wait=false', ...names);
    },
  };
}

/** Namespaces that stories left, because their process was ended: they carry a label. */
export async function removeLeftovers(): Promise<void> {
  await kubectl('delete', 'namespace', '-l', `${storyLabel}=true`, '--wait=true', '--timeout=120s');
}

const storyLabel = 'e2e.openservicemesh.io/story';

function namespaceObject(name: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { [storyLabel]: 'true' } },
  };
}
