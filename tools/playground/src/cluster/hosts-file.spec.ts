import { describe, expect, it } from 'vitest';
import { hostsFile } from './hosts-file.ts';

describe('hostsFile', () => {
  const owner = { namespace: 'shop', hostname: 'web-1', ip: '10.0.0.7' };

  it('has the short name only of services of the own namespace', () => {
    const text = hostsFile(owner, [
      { namespace: 'shop', name: 'web', addresses: ['10.1.0.1'] },
      { namespace: 'other', name: 'db', addresses: ['10.1.0.2'] },
    ]);
    expect(text.split('\n')).toEqual([
      '127.0.0.1 localhost',
      '10.0.0.7 web-1',
      '10.1.0.2 db.other db.other.svc db.other.svc.cluster.local db.other.svc.cluster.local.',
      '10.1.0.1 web web.shop web.shop.svc web.shop.svc.cluster.local web.shop.svc.cluster.local.',
      '',
    ]);
  });

  it('lists all pods of a headless service, and no line for one without pods', () => {
    const text = hostsFile(owner, [
      { namespace: 'shop', name: 'db', addresses: ['10.0.0.8', '10.0.0.9'] },
      { namespace: 'shop', name: 'empty', addresses: [] },
    ]);
    expect(text.match(/ db\.shop\.svc /g)).toHaveLength(2);
    expect(text).not.toContain('empty');
  });
});
