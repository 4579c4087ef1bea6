import { judge, type Bar } from './bars.ts';
import { bytesPerAddedProxy, type BenchResult } from './result.ts';
import type { ChangeResult } from './scenarios/change-scenario.ts';
import type { ColdStartResult } from './scenarios/cold-start.ts';
import type { MemoryResult } from './scenarios/memory.ts';
import type { Summary } from './statistics.ts';
import { table } from './table.ts';
import { serviceNames, type ServiceName } from './world/services.ts';

type Row = readonly [what: string, value: string];

/** The figures as Markdown: for the terminal and for docs/performance.md. */
export function renderReport(result: BenchResult): string {
  const { machine, mesh } = result;
  const proxies = result.coldStart.proxies;
  return [
    `${machine.cores} cores (${machine.processor}), ${gigabytes(machine.memoryBytes)} of memory, ` +
      `Linux ${machine.kernel}, Node ${machine.node}.`,
    `${mesh.services} services x ${mesh.replicas} pods = ${proxies} proxies, each service callable by ` +
      `${mesh.callers} others, ${mesh.mode === 'smi' ? 'SMI' : 'permissive'} mode, seed ${mesh.seed}.`,
    '',
    table(['what', 'measured'], measuredRows(result)),
    '',
    ...changeTable(result),
    table(['bar', 'at most', 'measured', 'met'], judge(result).map(barRow)),
    '',
  ].join('\n');
}

function measuredRows(result: BenchResult): readonly Row[] {
  const rows: Row[] = coldStartRows('cold start', result.coldStart);
  const { sustained, memory, smallMemory, permissive } = result;
  for (const [name, { change, bare }] of Object.entries(result.everybody ?? {})) {
    const each = change.affectedBytes / change.affected;
    rows.push(
      [`everybody, ${name}: ${change.affected} proxies, p50 / p99 / max`, spread(change.latencyMs)],
      [
        `everybody, ${name}: each gets; resources encoded`,
        `${bytes(each)} in ${oneDigit(change.affectedResponses / change.affected)} responses; ${oneDigit(change.encoded)}`,
      ],
      [
        `bare fan-out of ${bare.messages} x ${bytes(bare.messageBytes)}, p50 / p99 / max`,
        spread(bare.latencyMs),
      ],
    );
  }
  if (sustained !== undefined)
    rows.push(
      [
        `${sustained.changes} endpoint changes in ${sustained.seconds} s, staleness p50 / p99 / max`,
        spread(sustained.stalenessMs),
      ],
      ['sustained, CPU', cpu(sustained.cpuSeconds)],
      [
        'sustained, memory at the start, at the end',
        `${bytes(sustained.memoryStartBytes)}, ${bytes(sustained.memoryEndBytes)}`,
      ],
    );
  if (memory !== undefined) {
    rows.push(['memory, idle after the cold start', describeMemory(memory.idle)]);
    rows.push(['memory, end of the run', describeMemory(memory.end)]);
  }
  if (smallMemory !== undefined) {
    rows.push([
      `memory, mesh of ${smallMemory.proxies} proxies, idle`,
      describeMemory(smallMemory),
    ]);
    if (memory !== undefined)
      rows.push(['memory per added proxy', bytes(bytesPerAddedProxy(smallMemory, memory.idle))]);
  }
  if (permissive !== undefined)
    rows.push(...coldStartRows('permissive, cold start', permissive.coldStart), [
      'permissive, memory, idle',
      describeMemory(permissive.memory),
    ]);
  return rows;
}

function coldStartRows(name: string, cold: ColdStartResult): Row[] {
  return [
    [`${name}: mesh loaded and compiled`, milliseconds(cold.loadMs)],
    [`${name}: complete, p50 / p99 / all`, spread(cold.completeMs)],
    [`${name}: sent`, `${bytes(cold.bytes)} in ${cold.responses} responses`],
    [
      `${name}: CPU`,
      `${cpu(cold.cpuSeconds)}; the fake proxies ${cold.fleetCpuSeconds.toFixed(2)} s`,
    ],
  ];
}

function changeTable(result: BenchResult): string[] {
  const rows = Object.entries(result.changes).map(([name, change]) => changeRow(name, change));
  if (rows.length === 0) return [];
  const head = [
    'one change',
    'proxies',
    'p50 / p99 / max',
    'sent to them',
    'to others',
    'encoded',
    'CPU',
  ];
  return [table(head, rows), ''];
}

function changeRow(name: string, change: ChangeResult): readonly string[] {
  const total = serviceNames.reduce((sum, service) => sum + change.cpuSeconds[service], 0);
  return [
    `${name} (${change.repetitions} times)`,
    String(change.affected),
    spread(change.latencyMs),
    `${bytes(change.affectedBytes)} in ${oneDigit(change.affectedResponses)} responses`,
    `${bytes(change.unaffectedBytes)} in ${oneDigit(change.unaffectedResponses)}`,
    oneDigit(change.encoded),
    `${oneDigit(total * 1000)} ms`,
  ];
}

function barRow(bar: Bar): readonly string[] {
  const show = (value: number): string =>
    bar.unit === 'x' ? `${value.toFixed(2)}x` : `${oneDigit(value)} ${bar.unit}`;
  return [bar.name, show(bar.most), show(bar.value), bar.met ? 'yes' : 'NO'];
}

function describeMemory(memory: MemoryResult): string {
  const each = serviceNames.map((name) => `${name} ${bytes(memory.rssBytes[name])}`);
  return `${bytes(memory.totalBytes)} (${each.join(', ')}); highest so far ${bytes(memory.peakBytes)}`;
}

function cpu(seconds: Readonly<Record<ServiceName, number>>): string {
  return serviceNames.map((name) => `${name} ${seconds[name].toFixed(2)} s`).join(', ');
}

function spread(summary: Summary): string {
  return `${oneDigit(summary.p50)} / ${oneDigit(summary.p99)} / ${oneDigit(summary.max)} ms`;
}

function milliseconds(value: number): string {
  return `${Math.round(value)} ms`;
}

function oneDigit(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function bytes(value: number): string {
  if (Math.abs(value) >= 1e6) return `${oneDigit(value / 1e6)} MB`;
  if (Math.abs(value) >= 1e3) return `${oneDigit(value / 1e3)} kB`;
  return `${Math.round(value)} B`;
}

function gigabytes(value: number): string {
  return `${Math.round(value / 1e9)} GB`;
}
