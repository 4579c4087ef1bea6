import { err, ok } from '@osm/prelude';
import { trustDomainProblem } from '@osm/pki';
import { busFlags, flag, type ConfigOf, type FlagSpec } from '@osm/runtime';

const trustDomain: FlagSpec<string> = {
  ...flag.text('Trust domain of the mesh: the end of every identity', { default: 'cluster.local' }),
  parse: (text) => {
    const problem = trustDomainProblem(text);
    return problem === undefined ? ok(text) : err(problem);
  },
};

/** Flags of this service. */
export const flags = {
  ...busFlags,
  caDirectory: flag.text(
    'Directory of the root: ca.crt and private.key, made when both are missing',
    {
      placeholder: 'DIR',
    },
  ),
  trustDomain,
  minValidity: flag.durationMs('Shortest validity; shorter requests are raised to it', {
    default: '10m',
  }),
};

export type Config = ConfigOf<typeof flags>;
