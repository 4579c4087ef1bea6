import { goDurationMs } from '@osm/resources';
import { listAt, textAt } from '../fields.ts';
import type { KindRules } from '../findings.ts';
import { checkAccount } from '../references.ts';

/** Kinds and durations, which OSM took as they came. */
export const reviewRetry: KindRules = (reviewed, findings) => {
  const { spec } = reviewed;
  const { refuse } = findings;
  const kind = textAt(spec, 'source', 'kind');
  if (kind !== 'ServiceAccount') refuse(`spec.source.kind is ${kind}; use ServiceAccount`);
  else {
    const namespace = textAt(spec, 'source', 'namespace');
    const account = { namespace, name: textAt(spec, 'source', 'name') };
    checkAccount(reviewed, findings, 'spec.source', account);
  }
  for (const [index, destination] of listAt(spec, 'destinations').entries()) {
    const is = textAt(destination, 'kind');
    if (is !== 'Service') refuse(`spec.destinations[${index}].kind is ${is}; use Service`);
  }
  for (const field of ['perTryTimeout', 'retryBackoffBaseInterval']) {
    const text = textAt(spec, 'retryPolicy', field);
    if (text !== '' && goDurationMs(text) === undefined)
      refuse(`spec.retryPolicy.${field} is "${text}"; write a duration such as 250ms or 1s`);
  }
};
