import { resolve } from 'node:path';

/** The checkout that this program belongs to. */
export const repositoryRoot = resolve(import.meta.dirname, '../../..');
