import { describe, expect, it } from 'vitest';
import { missingPrerequisites, type Machine } from './prerequisites.ts';

function machine(missing: readonly string[], more: Partial<Machine> = {}): Machine {
  return {
    platform: 'linux',
    nodeVersion: '20.19.0',
    has: (program, args) => !missing.includes(program) && !missing.includes(args.join(' ')),
    ...more,
  };
}

describe('missingPrerequisites', () => {
  it('finds nothing missing where all is there', () => {
    expect(missingPrerequisites({ needsVenv: true, machine: machine([]) })).toEqual([]);
  });

  it('names the packages to install, each once', () => {
    const problems = missingPrerequisites({
      needsVenv: true,
      machine: machine(['ip', 'nsenter', 'unshare', '-c import ensurepip']),
    });
    expect(problems).toEqual([
      'These packages are missing: sudo apt-get install iproute2 util-linux python3-venv',
    ]);
  });

  it('does not want what makes virtual environments when the binaries are given', () => {
    expect(missingPrerequisites({ machine: machine(['-c import ensurepip']) })).toEqual([]);
  });

  it('wants Linux and a Node.js that is not too old', () => {
    expect(missingPrerequisites({ machine: machine([], { platform: 'darwin' }) })[0]).toContain(
      'needs Linux',
    );
    expect(missingPrerequisites({ machine: machine([], { nodeVersion: '20.18.3' }) })[0]).toContain(
      '20.19 or later',
    );
    expect(missingPrerequisites({ machine: machine([], { nodeVersion: '24.1.0' }) })).toEqual([]);
  });
});
