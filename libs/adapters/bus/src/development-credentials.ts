import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServiceKey, parseSeed, publicKeyOf, renderCredentials } from './credentials.ts';
import { renderNatsConfig } from './nats-config.ts';
import { meshRights, serviceNames, type MeshRights } from './rights.ts';

/** An nkey for each service, made for one run: a server that knows them holds everybody to rights.ts. */
export interface DevelopmentCredentials {
  /** For the server's configuration. */
  readonly users: readonly { readonly service: string; readonly publicKey: string }[];
  /** Credentials file by service, for --nats-credentials. */
  readonly files: ReadonlyMap<string, string>;
  readonly configFile: string;
}

interface DevelopmentOptions {
  readonly host?: string;
  readonly port?: number;
  readonly rights?: MeshRights;
}

/**
 * Writes a secret key per service (`<service>.nkey`, readable by this user only) and a nats-server configuration that knows them (`nats.conf`)
 * to a directory. Keys that are there are kept, so running services stay welcome.
 */
export function createDevelopmentCredentials(
  directory: string,
  options: DevelopmentOptions = {},
): DevelopmentCredentials {
  const rights = options.rights ?? meshRights;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const files = new Map<string, string>();
  const users = serviceNames(rights).map((service) => {
    const file = join(directory, `${service}.nkey`);
    files.set(service, file);
    if (!existsSync(file)) {
      writeFileSync(file, renderCredentials(service, createServiceKey().seed), { mode: 0o600 });
    }
    return { service, publicKey: publicKeyOf(parseSeed(readFileSync(file, 'utf8'), file)) };
  });
  const configFile = join(directory, 'nats.conf');
  const config = renderNatsConfig({
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 4222,
    storeDir: join(directory, 'jetstream'),
    users,
    rights,
  });
  writeFileSync(configFile, config);
  return { users, files, configFile };
}
