import type { Helm, HelmResult } from '../src/helm.ts';
import type { Release } from '../src/releases.ts';

const fine: HelmResult = { status: 0, output: '', error: '', interruptedBy: undefined };

/** Helm that knows these releases, remembers what it was asked, and answers a command as told. */
export function createFakeHelm(
  releases: readonly Release[] = [],
  answers: Readonly<Record<string, Partial<HelmResult>>> = {},
): { readonly helm: Helm; readonly asked: readonly string[] } {
  const asked: string[] = [];
  const known = new Set(releases);
  const helm: Helm = (args) => {
    const [command = '', name] = args;
    if (command === 'list') {
      const all = [...known].map((release) => ({ ...release, chart: 'osm-0.1.0' }));
      const foreign = { name: 'blog', namespace: 'blog', status: 'deployed', chart: 'osmosis-1.0' };
      return Promise.resolve({ ...fine, output: JSON.stringify([...all, foreign]) });
    }
    asked.push(args.join(' '));
    if (command === 'uninstall') {
      for (const release of known) if (release.name === name) known.delete(release);
    }
    return Promise.resolve({ ...fine, ...answers[command] });
  };
  return { helm, asked };
}
