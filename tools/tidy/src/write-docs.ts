// `npm run docs`: writes the documents that are made from code.
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { diagnosticsDoc, diagnosticsDocPath } from './diagnostics-doc.ts';
import { formatted } from './formatted.ts';

const root = resolve(import.meta.dirname, '../../..');
writeFileSync(
  join(root, diagnosticsDocPath),
  await formatted(root, diagnosticsDocPath, diagnosticsDoc()),
);
process.stdout.write(`wrote ${diagnosticsDocPath}\n`);
