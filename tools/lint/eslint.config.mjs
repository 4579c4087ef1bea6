// Run from the root: `eslint -c tools/lint/eslint.config.mjs`. Rules that need a reason carry it in their message.
import { join } from 'node:path';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';
import { depConstraints, specConstraints } from './boundaries.mjs';

const sources = [
  'apps/*/src/**/*.ts',
  'libs/*/*/src/**/*.ts',
  'libs/*/*/testing/**/*.ts',
  'apps/*/testing/**/*.ts',
  'tools/*/src/**/*.ts',
  'tools/*/testing/**/*.ts',
];
const specs = ['**/*.spec.ts', '**/testing/**/*.ts', 'libs/testing/**/*.ts'];
const pure = ['libs/base/*/src/**/*.ts', 'libs/core/*/src/**/*.ts'];

const boundaries = (constraints) => [
  'error',
  { enforceBuildableLibDependency: false, allow: [], depConstraints: constraints },
];

const testBuilders = { group: ['@osm/*/testing'], message: 'Test builders are for specs.' };

const bannedSyntax = [
  { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
  { selector: 'ExportDefaultDeclaration', message: 'Named exports only: one name everywhere.' },
  {
    selector: "CallExpression[callee.object.name='vi'][callee.property.name='mock']",
    message: 'Fakes, not mocks.',
  },
];

const impure = [
  {
    selector: "MemberExpression[object.name='Date'][property.name='now']",
    message: 'Time is an argument in core.',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'Time is an argument in core.',
  },
  {
    selector: "MemberExpression[object.name='Math'][property.name='random']",
    message: 'Chance is an argument in core.',
  },
  {
    selector: 'ClassDeclaration[superClass=null]',
    message: 'No classes in core: functions that return closed objects.',
  },
];

export default tseslint.config(
  {
    ignores: [
      '**/gen/**',
      'dist/**',
      '.nx/**',
      '.osm/**',
      '**/node_modules/**',
      '**/*.mjs',
      '**/*.js',
      '**/vitest*.ts',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: sources,
    extends: [...tseslint.configs.strict],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { project: join(import.meta.dirname, '../tsconfig.json') } },
    rules: {
      '@nx/enforce-module-boundaries': boundaries(depConstraints),
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-invalid-void-type': 'off',
      eqeqeq: 'error',
      'max-depth': ['error', 4],
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 70 }],
      'max-params': ['error', 4],
      'no-console': 'error',
      'no-restricted-syntax': ['error', ...bannedSyntax],
    },
  },
  {
    files: sources,
    ignores: specs,
    rules: {
      'no-restricted-imports': ['error', { patterns: [testBuilders] }],
    },
  },
  {
    files: pure,
    ignores: specs,
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [testBuilders, { group: ['node:*'], message: 'Base and core are pure.' }] },
      ],
      'no-restricted-globals': [
        'error',
        ...[
          'process',
          'Buffer',
          'setTimeout',
          'setInterval',
          'setImmediate',
          'queueMicrotask',
          'fetch',
          'console',
          'performance',
        ],
      ],
    },
  },
  {
    files: ['libs/core/*/src/**/*.ts'],
    ignores: specs,
    rules: { 'no-restricted-syntax': ['error', ...bannedSyntax, ...impure] },
  },
  {
    files: specs,
    rules: {
      '@nx/enforce-module-boundaries': boundaries(specConstraints),
      'max-lines': ['error', { max: 600 }],
      'max-lines-per-function': 'off',
    },
  },
  {
    // The simulation runs the services themselves, and what is below them, in one process.
    files: ['libs/testing/simulation/**/*.ts'],
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: false,
          allow: ['@osm/**'],
          depConstraints: specConstraints,
        },
      ],
    },
  },
);
