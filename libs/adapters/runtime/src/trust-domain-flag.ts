import { trustDomainProblem } from '@osm/model';
import { err, ok } from '@osm/prelude';
import { flag, type FlagSpec } from './flags.ts';

/** The flag `--trust-domain` of the services that have it: they must be given the same. */
export const trustDomainFlag: FlagSpec<string> = {
  ...flag.text('Trust domain of the mesh: the end of every identity', { default: 'cluster.local' }),
  parse: (text) => {
    const problem = trustDomainProblem(text);
    return problem === undefined ? ok(text) : err(problem);
  },
};
