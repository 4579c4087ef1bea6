import type { Bar } from '../bars.ts';
import type { DataPlaneResult } from './result.ts';

/** What OSM published of its sidecars: 1 ms more at the median, 4 ms more at p99, 140 MB. */
const published = { p50Ms: 1, p99Ms: 4, rssMegabytes: 140 } as const;

/** The demands, and what this run says to them: not above what OSM published. */
export function judgeDataPlane(result: DataPlaneResult): readonly Bar[] {
  const bar = (name: string, unit: Bar['unit'], most: number, value: number): Bar => ({
    name,
    unit,
    most,
    value,
    met: value <= most,
  });
  const latency = result.traffic.flatMap(({ mode, latency: rates }) =>
    rates.flatMap(({ perSecond, added }) => [
      bar(`${mode}, ${perSecond}/s, added p50`, 'ms', published.p50Ms, added.p50),
      bar(`${mode}, ${perSecond}/s, added p99`, 'ms', published.p99Ms, added.p99),
    ]),
  );
  const memory = result.memory.map(({ mode, services, rssBytes }) =>
    bar(`${mode}, ${services} services, resident`, 'MB', published.rssMegabytes, rssBytes / 1e6),
  );
  return [...latency, ...memory];
}
