import type { KindParser } from './kind-parser.ts';

/** Only its name matters: it is the identity of the pods that use it. */
export const parseServiceAccount: KindParser = (_raw, { ref }) => ({
  $case: 'serviceAccount',
  value: { namespace: ref.namespace, name: ref.name },
});
