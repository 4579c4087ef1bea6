import { bundleDiagnosticCodes } from '@osm/envoy';
import type { DiagnosticCode } from '@osm/model';
import { policyDiagnosticCodes } from '@osm/policy';
import { resourceDiagnosticCodes } from '@osm/resources';

type Codes = Readonly<Record<string, DiagnosticCode>>;

interface Section {
  readonly title: string;
  readonly saidBy: string;
  readonly codes: Codes;
}

/** Where the list of all diagnostics is kept. */
export const diagnosticsDocPath = 'docs/diagnostics.md';

const sections: readonly Section[] = [
  {
    title: 'One object by itself',
    saidBy: 'catalog-watcher',
    codes: resourceDiagnosticCodes,
  },
  {
    title: 'Objects together',
    saidBy: 'policy-compiler',
    codes: policyDiagnosticCodes,
  },
  {
    title: 'Configuration for Envoy',
    saidBy: 'policy-compiler',
    codes: bundleDiagnosticCodes,
  },
];

const head = `<!-- Written by \`npm run docs\` from the codes in libs/core; do not edit. -->

# Diagnostics

A mistake in an object hurts that object only; the rest of the mesh goes on. What was left out, or will surprise, is said in a
diagnostic \`{code, severity, object, message}\`. The message names the object, with file and line where there is one, and the remedy. All diagnostics in
force are in the log of the [catalog-watcher](../apps/catalog-watcher/README.md) and at its \`GET /diagnostics\`.

Codes are stable: scripts may rely on them. **error**: something that was written has no effect. **warning**: it has one that may surprise.
`;

/** The text of docs/diagnostics.md, before formatting: every code, in the order of its package. */
export function diagnosticsDoc(): string {
  return [head, ...sections.map(sectionText)].join('\n');
}

function sectionText({ title, saidBy, codes }: Section): string {
  const rows = Object.entries(codes).map(
    ([code, { severity, meaning }]) =>
      `| \`${code}\` | ${severity} | ${meaning.replaceAll('|', '\\|')} | ${saidBy} |`,
  );
  return [
    `## ${title}`,
    '',
    '| code | severity | what it means | who says it |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
