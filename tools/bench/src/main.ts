// `npm run bench`: see docs/performance.md.
import { writeFile } from 'node:fs/promises';
import { judge } from './bars.ts';
import { describeOptions, parseOptions } from './options.ts';
import { runBenchProgram } from './program.ts';
import { renderReport } from './report.ts';
import { runBench } from './run.ts';

process.exitCode = await runBenchProgram({
  name: 'bench',
  help: describeOptions,
  parse: parseOptions,
  measure: async (options, context) => {
    const result = await runBench(options, context);
    if (options.out !== undefined) {
      const figures = { ...result, bars: judge(result) };
      await writeFile(options.out, `${JSON.stringify(figures, null, 2)}\n`);
    }
    return `\n${renderReport(result)}`;
  },
});
