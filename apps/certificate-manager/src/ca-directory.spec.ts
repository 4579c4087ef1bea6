import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCaDirectory } from './ca-directory.ts';

const nowMs = Date.UTC(2030, 0, 1);
let parent: string;
let directory: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'osm-ca-'));
  directory = join(parent, 'ca');
});
afterEach(() => rm(parent, { recursive: true }));

const inDirectory = (name: string): string => join(directory, name);

describe('openCaDirectory', () => {
  it('makes a root with the subject of OSM and a key for the owner only', async () => {
    const issuer = await openCaDirectory(directory, nowMs);
    const root = new X509Certificate(issuer.certificatePem);
    expect(root.subject).toBe('C=US\nL=CA\nO=Open Service Mesh\nCN=osm-ca.openservicemesh.io');
    expect(root.ca).toBe(true);
    expect((await stat(inDirectory('private.key'))).mode & 0o777).toBe(0o600);
    expect((await readdir(directory)).sort()).toEqual(['ca.crt', 'private.key']);
  });

  it('gives all replicas that start at once the same root', async () => {
    const issuers = await Promise.all(
      Array.from({ length: 8 }, () => openCaDirectory(directory, nowMs)),
    );
    expect(new Set(issuers.map((issuer) => issuer.certificatePem)).size).toBe(1);
    expect((await readdir(directory)).sort()).toEqual(['ca.crt', 'private.key']);
  });

  it('goes on after a crash between key and certificate', async () => {
    await openCaDirectory(directory, nowMs);
    const key = await readFile(inDirectory('private.key'), 'utf8');
    await rm(inDirectory('ca.crt'));
    const again = await openCaDirectory(directory, nowMs);
    expect(again.facts.isAuthority).toBe(true);
    expect(await readFile(inDirectory('private.key'), 'utf8')).toBe(key);
  });

  it.each(['ca.crt', 'private.key'])('names %s when it is damaged', async (name) => {
    await openCaDirectory(directory, nowMs);
    await writeFile(inDirectory(name), 'not PEM');
    await expect(openCaDirectory(directory, nowMs)).rejects.toThrow(
      `${inDirectory(name)} cannot be used`,
    );
  });

  it('refuses a certificate whose key is missing: a new key would not be trusted', async () => {
    await openCaDirectory(directory, nowMs);
    await rm(inDirectory('private.key'));
    await expect(openCaDirectory(directory, nowMs)).rejects.toThrow(
      /private\.key cannot be used: it is missing beside ca\.crt.*Restore/,
    );
  });

  it('refuses files of two different roots', async () => {
    await openCaDirectory(directory, nowMs);
    const other = join(parent, 'other');
    await openCaDirectory(other, nowMs);
    await writeFile(inDirectory('private.key'), await readFile(join(other, 'private.key')));
    await expect(openCaDirectory(directory, nowMs)).rejects.toThrow('does not belong');
  });

  it('refuses an expired root with its date', async () => {
    await openCaDirectory(directory, nowMs);
    await expect(openCaDirectory(directory, Date.UTC(2041, 0, 1))).rejects.toThrow(
      'it expired on 2039-12-30',
    );
  });
});
