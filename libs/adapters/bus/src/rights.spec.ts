import { describe, expect, it } from 'vitest';
import { buckets } from './buckets.ts';
import { renderNatsConfig } from './nats-config.ts';
import { meshRights, rightsOf, serviceNames } from './rights.ts';
import { subjects } from './subjects.ts';

describe('rights', () => {
  it('name every bucket and subject once', () => {
    const tables = meshRights.tables.map(({ bucket }) => bucket).sort();
    expect(tables).toEqual(
      Object.values(buckets)
        .map(({ name }) => name)
        .sort(),
    );
    const named = meshRights.subjects.map(({ subject }) => subject).sort();
    expect(named).toEqual(Object.values(subjects).map(({ name }) => name));
  });

  it('let only the writer put values', () => {
    for (const { bucket, writer } of meshRights.tables) {
      const may = serviceNames().filter((service) =>
        rightsOf(service).publish.includes(`$KV.${bucket}.>`),
      );
      expect(may).toEqual([writer]);
    }
  });

  it('let nobody make consumers', () => {
    const all = serviceNames().flatMap((service) => {
      const { publish, exports } = rightsOf(service);
      return [...publish, ...exports.map(({ subject }) => subject)];
    });
    expect(all.filter((subject) => /CONSUMER|^\$JS\.API\.>|^>/.test(subject))).toEqual([]);
  });

  it('import exactly what others export to them', () => {
    for (const service of serviceNames()) {
      for (const { account, subject, kind } of rightsOf(service).imports) {
        expect(rightsOf(account).exports).toContainEqual(
          expect.objectContaining({
            kind,
            subject,
            accounts: expect.arrayContaining([service]) as unknown,
          }),
        );
      }
    }
  });

  it('leave out services without a key', () => {
    const config = renderNatsConfig({
      host: '127.0.0.1',
      port: 4222,
      storeDir: '/store',
      users: [{ service: 'xds-server', publicKey: 'UX' }],
    });
    expect(config).toContain('nkey: UX');
    expect(config).not.toContain('policy-compiler');
  });
});
