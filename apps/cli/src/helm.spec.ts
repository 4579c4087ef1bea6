import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHelm, helmComplaint } from './helm.ts';

const path = process.env['PATH'] ?? '';
let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'osm-helm-'));
});
afterEach(() => {
  process.env['PATH'] = path;
  rmSync(directory, { recursive: true });
});

/** Puts a helm on the PATH that runs this script. */
function putHelm(script: string): void {
  const file = join(directory, 'helm');
  writeFileSync(file, `#!${process.execPath}\n${script}`);
  chmodSync(file, 0o755);
  process.env['PATH'] = `${directory}:${dirname(process.execPath)}`;
}

describe('createHelm', () => {
  it('runs it on the cluster that the flags name', async () => {
    putHelm('console.log(process.argv.slice(2).join(" ")); console.error("e"); process.exit(3)');
    const traced: string[] = [];
    const trace = (command: string): void => void traced.push(command);
    const result = await createHelm({ kubeconfig: 'k', context: 'c', trace })(['list']);
    const said = 'list --kubeconfig k --kube-context c';
    expect(result).toEqual({
      status: 3,
      output: `${said}\n`,
      error: 'e\n',
      interruptedBy: undefined,
    });
    expect(traced).toEqual([`helm ${said}`]);
  });

  it('says where to get it when there is none', async () => {
    process.env['PATH'] = directory;
    await expect(createHelm({})(['list'])).rejects.toThrow('https://helm.sh');
  });

  it('passes Ctrl-C on, waits, and tells', async () => {
    // Asks for the signal when it is ready to take it.
    putHelm(
      'process.on("SIGINT", () => { console.log("tidied"); process.exit(1); });' +
        'setInterval(() => {}, 1000); process.kill(process.ppid, "SIGINT");',
    );
    const result = await createHelm({})(['install']);
    expect(result).toMatchObject({ status: 1, output: 'tidied\n', interruptedBy: 'SIGINT' });
    expect(process.listenerCount('SIGINT')).toBe(0);
  });
});

describe('helmComplaint', () => {
  it('leaves ornaments out', () => {
    const error = `WARNING: Kubernetes configuration file is group-readable
I1121 18:00:00.000000    1 warnings.go:110] "noise"
Error: INSTALLATION FAILED: failed pre-install: 1 error occurred:
\t* timed out waiting for the condition

`;
    const result = { status: 1, output: '', error, interruptedBy: undefined };
    expect(helmComplaint(result)).toBe('failed pre-install: timed out waiting for the condition');
  });
});
