import { existsSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { MeshError } from '@osm/prelude';
import { shortSocketPath } from '../network/unix-socket.ts';
import { isObject } from '../cluster/json.ts';
import { runningPlaygrounds } from '../state-directory.ts';
import { socketName } from './protocol.ts';

class NobodyThere extends MeshError {
  constructor() {
    const others = runningPlaygrounds().map(({ name }) => `--name ${name}`);
    super(
      'not_found',
      others.length > 0
        ? `No playground of this name runs. Say which one is meant: ${others.join(' or ')}`
        : 'No playground runs here. Start one with: npm run playground -- up DIR (or say which with --name or --state-dir)',
    );
  }
}

/** The playground runs as another user, who alone can talk to it. */
export class OtherUser extends MeshError {
  readonly uid: number;

  constructor(stateDirectory: string, uid: number) {
    const who =
      uid === 0 ? 'root: run this with sudo' : `the user with id ${uid}: run this as that`;
    super('invalid_config', `The playground in ${stateDirectory} belongs to ${who}.`);
    this.uid = uid;
  }
}

/** Was this thrown because no playground runs in the state directory? */
export function isNobodyThere(thrown: unknown): boolean {
  return thrown instanceof NobodyThere;
}

/** Asks the playground that runs in a state directory. @throws MeshError not_found when none runs there, or it refuses */
export async function ask<T>(
  stateDirectory: string,
  path: string,
  parameters: readonly (readonly [string, string])[] = [],
): Promise<T> {
  if (!existsSync(join(stateDirectory, socketName))) throw new NobodyThere();
  const socket = shortSocketPath(stateDirectory, socketName);
  try {
    const query = new URLSearchParams(
      parameters.map(([key, value]): [string, string] => [key, value]),
    );
    return await new Promise<T>((resolve, reject) => {
      const outgoing = request(
        { socketPath: socket.path, path: `${path}?${query}`, agent: false },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('error', reject);
          response.once('end', () => {
            const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
            const error = isObject(body) ? body['error'] : undefined;
            if (typeof error === 'string') reject(new MeshError('not_found', error));
            else resolve(body as T);
          });
        },
      );
      outgoing.once('error', (cause: NodeJS.ErrnoException) =>
        reject(refusal(cause, stateDirectory)),
      );
      outgoing.end();
    });
  } finally {
    socket.release();
  }
}

function refusal(cause: NodeJS.ErrnoException, stateDirectory: string): Error {
  if (cause.code === 'ECONNREFUSED' || cause.code === 'ENOENT') return new NobodyThere();
  if (cause.code === 'EACCES') return new OtherUser(stateDirectory, statSync(stateDirectory).uid);
  return cause;
}
