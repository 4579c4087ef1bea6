// Who may import whom, and which npm packages. Tags are in each project.json; tools/tidy asserts that folder and layer agree.
const layer = (from, ...to) => ({ sourceTag: `layer:${from}`, onlyDependOnLibsWithTags: to });
const npm = (group, ...names) => ({ sourceTag: `npm:${group}`, allowedExternalImports: names });

export const depConstraints = [
  layer('base', 'layer:base'),
  layer('proto', 'layer:proto', 'layer:base'),
  layer('core', 'layer:core', 'layer:proto', 'layer:base'),
  layer('adapter', 'lib:telemetry', 'layer:core', 'layer:proto', 'layer:base'),
  layer('app', 'layer:adapter', 'layer:core', 'layer:proto', 'layer:base'),
  layer('testing', 'layer:testing', 'layer:core', 'layer:proto', 'layer:base'),
  layer(
    'e2e',
    'layer:testing',
    'layer:tool',
    'layer:adapter',
    'layer:core',
    'layer:proto',
    'layer:base',
  ),
  layer('tool', 'layer:tool', 'layer:adapter', 'layer:core', 'layer:proto', 'layer:base'),
  npm('none'),
  npm('protobuf', '@bufbuild/protobuf*'),
  npm('pki', 'pkijs', 'asn1js'),
  npm('yaml', 'yaml', 're2js'),
  npm('nats', 'nats'),
  npm('grpc', '@grpc/grpc-js'),
  npm('metrics', 'prom-client', 'pino'),
  npm('cli', 'commander', 'yaml'),
  npm('kubernetes', '@kubernetes/client-node*'),
  npm('patch', 'fast-json-patch'),
  { sourceTag: 'platform:any', onlyDependOnLibsWithTags: ['platform:any'] },
  { sourceTag: 'envoy:free', notDependOnLibsWithTags: ['lib:proto-envoy'] },
];

/** Specs and test builders may use the test libraries, and any npm package. */
export const specConstraints = depConstraints
  .filter((constraint) => !constraint.sourceTag.startsWith('npm:'))
  .filter((constraint) => !constraint.sourceTag.startsWith('platform:'))
  .map((constraint) =>
    'onlyDependOnLibsWithTags' in constraint
      ? {
          ...constraint,
          onlyDependOnLibsWithTags: [...constraint.onlyDependOnLibsWithTags, 'layer:testing'],
        }
      : constraint,
  );
