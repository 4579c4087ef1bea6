// @osm/golden-corpus: small meshes, each showing one behaviour, from manifests through the whole pipeline to what Envoy is told.
//
//   cases/<case>/mesh.yaml ──compileCase──> resources ──renderCase──> cases/<case>/<pod>/{listeners,routes,clusters,endpoints}.yaml
//                                               └──staticBootstrap──> envoy --mode validate
//
// People read the golden files: a change of them is a change of behaviour. UPDATE_GOLDEN=1 rewrites them. Nobody imports this package.
export { compileCase, type CompiledCase, type CompiledWorkload } from './compile-case.ts';
export { renderCase } from './render-case.ts';
export { staticBootstrap } from './static-bootstrap.ts';
