import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';

/** A text as `npm run format` would leave it in the file `path`, so that what is written needs no second step. */
export async function formatted(root: string, path: string, text: string): Promise<string> {
  const filepath = join(root, path);
  return format(text, { ...(await resolveConfig(filepath)), filepath });
}
