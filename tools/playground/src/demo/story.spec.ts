import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseManifestFile } from '../cluster/manifests.ts';
import { changedLines, story } from './story.ts';

const manifests = join(import.meta.dirname, '../../demo/manifests');

describe('story', () => {
  it('is made of edits that fit the manifests and leave them valid', () => {
    const texts = new Map<string, string>();
    for (const { edit } of story) {
      if (edit === undefined) continue;
      const before = texts.get(edit.file) ?? readFileSync(join(manifests, edit.file), 'utf8');
      const after = edit.apply(before) ?? '';
      expect(after).not.toBe(before);
      expect(after).not.toBe('');
      expect(parseManifestFile(edit.file, after).problems).toEqual([]);
      texts.set(edit.file, after);
    }
    const split = parseManifestFile('', texts.get('policy/split.yaml') ?? '').manifests[0];
    expect(split?.body['spec']).toMatchObject({ backends: [{ weight: 0 }, { weight: 100 }] });
    const targets = parseManifestFile(
      '',
      texts.get('policy/bookstore-access.yaml') ?? '',
    ).manifests.slice(1);
    expect(targets.map(({ body }) => body['spec'])).toMatchObject([
      { sources: [{ name: 'bookbuyer' }, { name: 'bookthief' }] },
      { sources: [{ name: 'bookbuyer' }, { name: 'bookthief' }] },
    ]);
  });
});

describe('the edits of the story', () => {
  it('leave a file alone that somebody else has edited', () => {
    const [, , allowThief, split, , permissive] = story;
    expect(allowThief?.edit?.apply('sources: []\n')).toBeUndefined();
    expect(split?.edit?.apply('backends: [{ weight: 1 }]\n')).toBeUndefined();
    expect(permissive?.edit?.apply('spec: {}\n')).toBeUndefined();
  });
});

describe('changedLines', () => {
  it('shows what an edit takes away and adds', () => {
    expect(changedLines('a\nb: 1\nc\n', 'a\nb: 2\nc\n')).toEqual(['- b: 1', '+ b: 2']);
    expect(changedLines('a\n', 'a\nb\nc\n')).toEqual(['+ b', '+ c']);
    expect(changedLines('a\nb\n', 'a\n')).toEqual(['- b']);
    expect(changedLines('x\na\ny\nx\na\n', 'x\na\nb\ny\nx\na\nb\n')).toEqual(['+ b', '+ b']);
  });
});
