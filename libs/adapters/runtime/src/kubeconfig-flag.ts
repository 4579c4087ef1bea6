import { flag } from './flags.ts';

/** The flag `--kubeconfig` of those who talk to the Kubernetes API; empty: found as kubectl finds it, or the pod's own. */
export const kubeconfigFlag = flag.text(
  'Kubernetes API; default: KUBECONFIG, ~/.kube/config, or the service account of the pod',
  { placeholder: 'FILE', default: '' },
);
