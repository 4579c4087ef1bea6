import { parseCommandLine, placeHelp, placeOptions, type Command } from './command.ts';
import { runInPod } from './exec.ts';
import { placeOf } from './place.ts';

/** The agent of a pod without a sidecar, and where it keeps the bootstrap (libs/core/injection/src/proxyless-pod.ts). */
const agent = 'osm-grpc-agent';
const file = '/var/run/osm-grpc/bootstrap.json';

export const bootstrapCommand: Command = {
  name: 'bootstrap',
  usage: 'NAMESPACE/POD',
  summary: 'print the bootstrap of gRPC for a pod without a sidecar, as JSON',
  help: `The pod needs the annotation openservicemesh.io/proxyless-grpc. Its files are those of the pod, so use it from there, for example:
  npm run playground -- exec NAMESPACE/POD -- env GRPC_XDS_BOOTSTRAP=${file} my-grpc-program
${placeHelp}\nA Deployment's name stands for one of its pods.`,
  run: (args) => {
    const parsed = parseCommandLine(args, placeOptions, { min: 1, max: 1, what: 'NAMESPACE/POD' });
    const pod = parsed.positionals[0] ?? '';
    return runInPod(placeOf(parsed), { pod, container: agent, words: ['cat', file] });
  },
};
