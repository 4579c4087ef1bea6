// @osm/playground: a mesh on one Linux machine. The end-to-end tests run it in their own process; people use the commands.
export { ensureBinaries, type Binaries } from './binaries.ts';
export { Playground, type PlaygroundOptions } from './playground.ts';
