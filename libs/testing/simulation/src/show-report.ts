import type { Report } from './batch.ts';

/** What a run says: always its seed, and for each failure how to see it again. */
export function showReport(report: Report, base: number, elapsedMs: number): string {
  const { schedules, steps, failures, counts, convergedMsMax } = report;
  const rate = Math.round((schedules * 1000) / Math.max(1, elapsedMs));
  const lines = [
    `simulation: ${schedules} schedules, base seed ${base}, ${failures.length} failed; ${rate} per second, ${steps} steps; right again after ${convergedMsMax.toFixed(0)} ms of virtual time at most`,
    `  again: npm run simulate -- --seed ${base} --schedules ${schedules}`,
  ];
  for (const { seed, law, details, atMs } of failures) {
    lines.push(`seed ${seed} at ${atMs.toFixed(2)} ms: ${law}`);
    lines.push(`  ${details}`, `  see: npm run simulate -- --seed ${seed} --trace`);
  }
  const happened = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
  lines.push(`  ${happened.map(([what, count]) => `${what} ${count}`).join(', ')}`);
  return `${lines.join('\n')}\n`;
}
