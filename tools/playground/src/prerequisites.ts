import { spawnSync } from 'node:child_process';

interface Prerequisite {
  readonly program: string;
  readonly args: readonly string[];
  readonly remedy: string;
}

const prerequisites: readonly Prerequisite[] = [
  { program: 'ip', args: ['-V'], remedy: 'iproute2' },
  { program: 'iptables-restore', args: ['--version'], remedy: 'iptables' },
  { program: 'unshare', args: ['--version'], remedy: 'util-linux' },
  { program: 'nsenter', args: ['--version'], remedy: 'util-linux' },
  { program: 'flock', args: ['--version'], remedy: 'util-linux' },
  { program: 'setpriv', args: ['--version'], remedy: 'util-linux' },
  { program: 'python3', args: ['--version'], remedy: 'python3' },
];

export interface Machine {
  readonly platform: string;
  readonly nodeVersion: string;
  /** Does this program run, with success? */
  readonly has: (program: string, args: readonly string[]) => boolean;
}

const thisMachine: Machine = {
  platform: process.platform,
  nodeVersion: process.versions.node,
  has: (program, args) => spawnSync(program, args, { stdio: 'ignore' }).status === 0,
};

/** What is missing on this machine, each with what to do; empty when all is there. */
export function missingPrerequisites(
  options: { readonly needsVenv?: boolean; readonly machine?: Machine } = {},
): string[] {
  const machine = options.machine ?? thisMachine;
  if (machine.platform !== 'linux')
    return ['The playground needs Linux: it runs pods in network namespaces.'];
  const problems: string[] = [];
  const [major = 0, minor = 0] = machine.nodeVersion.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    problems.push(`Node.js ${machine.nodeVersion} is too old: 20.19 or later is needed.`);
  }
  const packages = prerequisites
    .filter(({ program, args }) => !machine.has(program, args))
    .map(({ remedy }) => remedy);
  const hasPython = !packages.includes('python3');
  // Debian's python3 has the module venv but not what it needs to make one with pip.
  if (
    options.needsVenv === true &&
    (!hasPython || !machine.has('python3', ['-c', 'import ensurepip']))
  )
    packages.push('python3-venv');
  const unique = [...new Set(packages)];
  if (unique.length > 0)
    problems.push(`These packages are missing: sudo apt-get install ${unique.join(' ')}`);
  return problems;
}
