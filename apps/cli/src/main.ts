#!/usr/bin/env node
import { join, resolve } from 'node:path';
import { MeshError } from '@osm/prelude';
import { CommanderError } from 'commander';
import { createProgram } from './program.ts';
import { createTerminal } from './terminal.ts';

const here = import.meta.dirname;
const terminal = createTerminal();
try {
  const program = createProgram({
    terminal,
    environment: process.env,
    // Beside the bundle; in the sources of bundle and program.
    charts: [join(here, 'chart'), resolve(here, '../../../deploy/osm')],
    endBy: (signal) => process.kill(process.pid, signal),
  });
  // Who asks for nothing wants to know what there is.
  await program.parseAsync(process.argv.length > 2 ? process.argv : [...process.argv, 'help']);
} catch (thrown) {
  if (thrown instanceof CommanderError) {
    // It has said what is wrong, or answered --help.
    process.exitCode = thrown.exitCode === 0 ? 0 : 2;
  } else {
    const error = MeshError.from(thrown);
    terminal.note(`Error: ${error.message}`);
    process.exitCode = error.code === 'invalid_config' ? 2 : 1;
  }
}
