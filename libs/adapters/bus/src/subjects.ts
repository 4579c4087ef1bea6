import { SignRequest, SignResponse } from '@osm/proto-mesh';
import type { Subject } from './bus.ts';

/** Every request/reply subject of the mesh. */
export const subjects = {
  /** Answered by whoever is the certificate manager. */
  sign: {
    name: 'osm.trust.v1.sign',
    request: SignRequest,
    response: SignResponse,
  } satisfies Subject<SignRequest, SignResponse>,
} as const;
