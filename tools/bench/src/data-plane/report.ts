import { table } from '../table.ts';
import { judgeDataPlane } from './bars.ts';
import type { DataPlaneResult } from './result.ts';
import type { Percentiles } from './traffic.ts';

/** The figures as Markdown: for the terminal and for docs/performance.md. */
export function renderDataPlaneReport(result: DataPlaneResult): string {
  const { machine, loadBefore } = result;
  return [
    `${machine.cores} cores (${machine.processor}), ${Math.round(machine.memoryBytes / 1e9)} GB of memory, ` +
      `Linux ${machine.kernel}, Node ${machine.node}; load average before the run ${loadBefore.toFixed(2)}.`,
    ...(result.traffic.length === 0 ? [] : ['', latencyTable(result), '', throughputTable(result)]),
    ...(result.memory.length === 0 ? [] : ['', memoryTable(result)]),
    '',
    table(
      ['bar (OSM published)', 'at most', 'measured', 'met'],
      judgeDataPlane(result).map(({ name, most, value, unit, met }) => [
        name,
        `${most} ${unit}`,
        `${value.toFixed(2)} ${unit}`,
        met ? 'yes' : 'NO',
      ]),
    ),
    '',
  ].join('\n');
}

function latencyTable({ traffic }: DataPlaneResult): string {
  const head = ['p50 / p99', 'without sidecars', 'with', 'added', 'noise'];
  const rows = traffic.flatMap(({ mode, latency }) =>
    latency.map(({ perSecond, plain, meshed, added, noise }) => [
      `${perSecond} requests/s, ${modeName(mode)}`,
      both(plain),
      both(meshed),
      both(added),
      both(noise),
    ]),
  );
  return table(head, rows);
}

function throughputTable({ traffic }: DataPlaneResult): string {
  const head = ['saturated', 'requests/s', 'per core, both sidecars', "client's", "server's"];
  const rows = traffic.map(({ mode, throughput }) => [
    modeName(mode),
    ...[
      throughput.perSecond,
      throughput.perCore,
      throughput.perClientSidecarSecond,
      throughput.perServerSidecarSecond,
    ].map((value) => String(Math.round(value))),
  ]);
  return table(head, rows);
}

function memoryTable({ memory }: DataPlaneResult): string {
  const modes = [...new Set(memory.map(({ mode }) => mode))];
  const sizes = [...new Set(memory.map(({ services }) => services))];
  const rows = sizes.map((size) => [
    String(size),
    ...modes.map((mode) => {
      const found = memory.find((one) => one.mode === mode && one.services === size);
      if (found === undefined) return '';
      const { rssBytes, allocatedBytes } = found;
      return `${megabytes(rssBytes)}, of it allocated ${megabytes(allocatedBytes)}`;
    }),
  ]);
  return table(['services in reach', ...modes.map((mode) => `RSS, ${modeName(mode)}`)], rows);
}

function both({ p50, p99 }: Percentiles): string {
  return `${p50.toFixed(2)} / ${p99.toFixed(2)} ms`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function modeName(mode: string): string {
  return mode === 'smi' ? 'SMI' : mode;
}
