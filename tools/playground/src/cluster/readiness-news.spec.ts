import { describe, expect, it } from 'vitest';
import { ReadinessNews, type PodNews } from './readiness-news.ts';

const up: PodNews = { title: 'a/b', ready: true, isCrashing: false, isEnding: false, reason: '' };
const down: PodNews = { ...up, ready: false, reason: 'exited with status 1' };
const crashing = { isCrashing: true };

describe('news of readiness', () => {
  it('is told once per change', () => {
    const news = new ReadinessNews();
    expect(news.tell([down])).toEqual([]);
    expect(news.tell([up])).toEqual(['pod a/b is ready']);
    expect(news.tell([up])).toEqual([]);
    expect(news.tell([down])).toEqual(['pod a/b is not ready: exited with status 1']);
    expect(news.tell([down])).toEqual([]);
    expect(news.tell([up])).toEqual(['pod a/b is ready']);
    expect(news.tell([{ ...up, isEnding: true }])).toEqual(['pod a/b ends']);
    expect(news.tell([])).toEqual([]);
  });

  it('is told once of a program that crashes in a loop, and again when it stays up', () => {
    const news = new ReadinessNews();
    news.tell([up]);
    expect(news.tell([{ ...down, ...crashing }])).toEqual([
      'pod a/b is not ready: exited with status 1 (and so on; the next news is when it stays up)',
    ]);
    for (let i = 0; i < 3; i++) {
      expect(news.tell([{ ...up, ...crashing }])).toEqual([]);
      expect(news.tell([{ ...down, ...crashing }])).toEqual([]);
    }
    expect(news.tell([up])).toEqual(['pod a/b is ready']);
  });

  it('is told of the end of a pod that was crashing', () => {
    const news = new ReadinessNews();
    news.tell([up]);
    news.tell([{ ...down, ...crashing }]);
    expect(news.tell([])).toEqual(['pod a/b ends']);
  });

  it('ends quietly for a pod that was never ready', () => {
    const news = new ReadinessNews();
    news.tell([down]);
    expect(news.tell([])).toEqual([]);
  });
});
