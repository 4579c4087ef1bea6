#!/usr/bin/env node
import { join, resolve } from 'node:path';
import { MeshError } from '@osm/prelude';
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
  });
  await program.parseAsync(process.argv);
} catch (thrown) {
  const error = MeshError.from(thrown);
  terminal.note(`Error: ${error.message}`);
  process.exitCode = error.code === 'invalid_config' ? 2 : 1;
}
