// Generates TypeScript from protos: `tsx tools/codegen/src/main.ts envoy|mesh`.
// Envoy's files come from the package @grpc/grpc-js-xds; ours from proto/. Output goes to libs/proto/*/src/gen, never committed.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');
const bin = (name: string): string => join(root, 'node_modules/.bin', name);

const tsProtoOptions = [
  'esModuleInterop=true',
  'importSuffix=.ts',
  'env=node',
  'oneof=unions-value',
  'enumsAsLiterals=true',
  'outputServices=generic-definitions',
  'exportCommonSymbols=false',
  'useExactTypes=false',
  'outputTypeAnnotations=static-only',
];

/** Stages the Envoy protos in one include tree. The package's validate.proto is older than the Envoy files that use it. */
function stageEnvoy(stage: string): readonly string[] {
  const deps = join(
    dirname(createRequire(import.meta.url).resolve('@grpc/grpc-js-xds/package.json')),
    'deps',
  );
  for (const from of ['envoy-api/envoy', 'xds/udpa', 'xds/xds', 'googleapis/google'])
    cpSync(join(deps, from), join(stage, from.split('/')[1] ?? from), { recursive: true });
  const validate = readFileSync(join(deps, 'protoc-gen-validate/validate/validate.proto'), 'utf8');
  mkdirSync(join(stage, 'validate'));
  writeFileSync(
    join(stage, 'validate/validate.proto'),
    validate.replace(/^message \w+Rules \{/gm, '$&\n  optional bool ignore_empty = 1000;'),
  );
  return readFileSync(join(root, 'proto/envoy.roots'), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'));
}

function generate(target: 'envoy' | 'mesh'): void {
  const stage = join(root, 'libs/proto', target, 'gen/stage');
  const out = join(root, 'libs/proto', target, 'src/gen');
  rmSync(stage, { recursive: true, force: true });
  rmSync(out, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  let paths: readonly string[] = [];
  if (target === 'envoy') paths = stageEnvoy(stage);
  else cpSync(join(root, 'proto/osm'), join(stage, 'osm'), { recursive: true });
  const options =
    target === 'envoy'
      ? [...tsProtoOptions, 'outputJsonMethods=to-only']
      : [...tsProtoOptions, 'outputJsonMethods=false'];
  writeFileSync(join(stage, 'buf.yaml'), 'version: v2\n');
  writeFileSync(
    join(stage, 'buf.gen.yaml'),
    JSON.stringify({
      version: 'v2',
      plugins: [{ local: bin('protoc-gen-ts_proto'), out, strategy: 'all', opt: options }],
    }),
  );
  const pathFlags = paths.flatMap((path) => ['--path', path]);
  execFileSync(bin('buf'), ['generate', '--include-imports', ...pathFlags], {
    cwd: stage,
    stdio: 'inherit',
  });
  rmSync(join(root, 'libs/proto', target, 'gen'), { recursive: true, force: true });
}

const target = process.argv[2];
if (target !== 'envoy' && target !== 'mesh') throw new Error('usage: codegen envoy|mesh');
generate(target);
