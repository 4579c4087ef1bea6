import { describe, expect, it } from 'vitest';
import type { RequestResult } from '@osm/playground';
import { resultLines, tallyLine, tallyOf } from './tally.ts';

function result(isSame: boolean, isAsRecorded: boolean): RequestResult {
  return {
    step: 'main',
    request: { from: 'a/cli', http: 'GET http://srv/x' },
    wanted: { outcome: '200' },
    got: { outcome: isSame ? '200' : '404' },
    why: undefined,
    isSame,
    isAsRecorded,
  };
}

describe('the tally of a world', () => {
  it('keeps what was recorded apart from what was decided', () => {
    const tally = tallyOf([result(true, true), result(true, true), result(true, false)], 3);
    expect(tallyLine(tally)).toBe('2 of 3 as recorded, 1 as decided in deviations.json');
  });

  it('counts a difference as one, also when it is as recorded where something else was decided', () => {
    const tally = tallyOf([result(true, true), result(false, true)], 2);
    expect(tallyLine(tally)).toBe('1 of 2 as recorded, 1 differ');
  });

  it('counts requests without a result as different', () => {
    expect(tallyOf([result(true, true)], 3).differ).toBe(2);
    expect(tallyLine(tallyOf([result(true, true)], 1))).toBe('1 of 1 as recorded');
  });

  it('shows what differs, or everything', () => {
    const results = [result(true, true), result(false, false)];
    expect(resultLines(results, false)).toEqual([
      '  DIFF main: a/cli GET http://srv/x',
      '       wanted 200',
      '       now    404',
    ]);
    expect(resultLines(results, true)).toHaveLength(6);
  });
});
