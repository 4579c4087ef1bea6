import { describe, expect, it } from 'vitest';
import { judgeDataPlane } from './bars.ts';
import { renderDataPlaneReport } from './report.ts';
import type { DataPlaneResult } from './result.ts';

const added = { p50: 0.46, p99: 4.2 };
const result: DataPlaneResult = {
  machine: { cores: 2, processor: 'any', memoryBytes: 24e9, kernel: '6', node: 'v20' },
  loadBefore: 0.1,
  traffic: [
    {
      mode: 'smi',
      latency: [
        {
          perSecond: 100,
          rounds: 5,
          plain: { p50: 0.2, p99: 0.5 },
          meshed: { p50: 0.66, p99: 4.7 },
          added,
          noise: { p50: 0.01, p99: 0.1 },
        },
      ],
      throughput: {
        perSecond: 5000,
        perClientSidecarSecond: 8000,
        perServerSidecarSecond: 9000,
        perCore: 4235.3,
      },
    },
  ],
  memory: [
    { mode: 'smi', services: 20, rssBytes: 71.3e6, allocatedBytes: 9e6 },
    { mode: 'smi', services: 2000, rssBytes: 272e6, allocatedBytes: 190e6 },
    { mode: 'permissive', services: 20, rssBytes: 71.6e6, allocatedBytes: 9e6 },
  ],
};

describe('the data-plane benchmark', () => {
  it('is held to what OSM published', () => {
    const judged = judgeDataPlane(result).map(({ name, met }) => [name, met]);
    expect(judged).toEqual([
      ['smi, 100/s, added p50', true],
      ['smi, 100/s, added p99', false],
      ['smi, 20 services, resident', true],
      ['smi, 2000 services, resident', false],
      ['permissive, 20 services, resident', true],
    ]);
  });

  it('prints tables for docs/performance.md', () => {
    const text = renderDataPlaneReport(result).replaceAll(/ +/g, ' ');
    expect(text).toContain('load average before the run 0.10');
    expect(text).toContain(
      '| 100 requests/s, SMI | 0.20 / 0.50 ms | 0.66 / 4.70 ms | 0.46 / 4.20 ms | 0.01 / 0.10 ms |',
    );
    expect(text).toContain('| SMI | 5000 | 4235 | 8000 | 9000 |');
    expect(text).toContain('| services in reach | RSS, SMI | RSS, permissive |');
    expect(text).toContain('| 2000 | 272.0 MB, of it allocated 190.0 MB | |');
  });

  it('leaves out what was not measured', () => {
    expect(renderDataPlaneReport({ ...result, traffic: [] })).not.toContain('requests/s');
    expect(renderDataPlaneReport({ ...result, memory: [] })).not.toContain('RSS');
  });
});
