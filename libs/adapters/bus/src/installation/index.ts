// @osm/bus/installation: everything that a NATS outside the playground needs, as files; kept apart because it signs certificates.
//
//   updateBusFiles(files that are there, what to do) ──> files: authority/, server/, services/<service>/
//        create ──> once          rotate ──> new keys beside the old        retire ──> the old ones are refused
//
// Invariants: what is there is kept unless asked otherwise, so running services stay welcome; a step never makes the step before it wrong for
// those who have not seen it yet; private keys of services never leave `services/<service>/`, that of the CA never leaves `authority/`.
export { updateBusFiles, type BusFiles, type BusFilesOptions, type BusStep } from './bus-files.ts';
export { readBusDirectory, writeBusDirectory } from './bus-directory.ts';
