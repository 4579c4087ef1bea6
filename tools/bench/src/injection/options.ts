import { parseArgs } from 'node:util';
import { err, ok, type Result } from '@osm/prelude';

export interface InjectionOptions {
  readonly seconds: number;
  /** Pods that are created at the same time. */
  readonly concurrency: number;
  /** File of the cluster whose API keeps the Secrets; undefined = a directory keeps them. */
  readonly kubeconfig: string | undefined;
  /** Directory with `<service>/main.js`. */
  readonly bundles: string;
}

const help = `Measures the injector: AdmissionReviews over HTTPS, each with a certificate and a bootstrap Secret (docs/performance.md).

Usage: npm run bench:injection -- [options]

  --seconds N        of measuring, after a fifth of it to warm up (default 20)
  --concurrency N    pods at the same time (default 16)
  --kubeconfig FILE  keep the Secrets in the API of this cluster, in a namespace that goes afterwards (default: $KUBECONFIG, else a directory)
  --bundles DIR      directory of the services' bundles (default dist/apps)
  --help             this text
`;

export function describeOptions(): string {
  return help;
}

/** `help`, or the options; the error says which one is wrong and how. */
export function parseOptions(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Result<InjectionOptions | 'help', string> {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        seconds: { type: 'string', default: '20' },
        concurrency: { type: 'string', default: '16' },
        kubeconfig: { type: 'string', default: environment['KUBECONFIG'] ?? '' },
        bundles: { type: 'string', default: 'dist/apps' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return ok('help');
    const seconds = Number(values.seconds);
    const concurrency = Number(values.concurrency);
    for (const [name, value] of Object.entries({ seconds, concurrency }))
      if (!Number.isInteger(value) || value < 1)
        return err(`--${name}: a whole number of at least 1 is needed`);
    const kubeconfig = values.kubeconfig === '' ? undefined : values.kubeconfig;
    return ok({ seconds, concurrency, kubeconfig, bundles: values.bundles });
  } catch (thrown) {
    return err(thrown instanceof Error ? thrown.message : String(thrown));
  }
}
