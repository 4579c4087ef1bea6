import type { ApiServer } from './api-server.ts';
import {
  apiVersionOf,
  resourcePath,
  type KubernetesObject,
  type ResourceType,
} from './resource-type.ts';

/** Objects per page. */
const pageSize = 500;

/** Part of a type's objects; without options all of them. */
export interface Selection {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

/** A complete list, and the version of the world that it shows. */
export interface ObjectList {
  readonly objects: readonly KubernetesObject[];
  readonly resourceVersion: string;
}

export interface ListOptions extends Selection {
  /** What is not accepted is let go page by page: a list never holds more than one page of it. Default: all. */
  readonly accept?: ((object: KubernetesObject) => boolean) | undefined;
  /** What is left of an object as soon as it has arrived. Default: all of it. */
  readonly trim?: ((object: KubernetesObject) => KubernetesObject) | undefined;
  readonly signal?: AbortSignal;
}

/** Lists objects page by page. Each carries `apiVersion` and `kind`, which the API server leaves out. */
export async function listObjects(
  server: Pick<ApiServer, 'ask'>,
  type: ResourceType,
  { namespace, labelSelector, fieldSelector, accept, trim, signal }: ListOptions,
): Promise<ObjectList> {
  const objects: KubernetesObject[] = [];
  const apiVersion = apiVersionOf(type);
  let next: string | undefined;
  let resourceVersion = '';
  do {
    const page = (await server.ask({
      path: resourcePath(type, { namespace }),
      query: { limit: String(pageSize), continue: next, labelSelector, fieldSelector },
      signal,
    })) as {
      readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
      readonly items?: readonly KubernetesObject[];
    };
    for (const item of page.items ?? []) {
      if (accept?.(item) === false) continue;
      const object = { ...item, apiVersion, kind: type.kind };
      objects.push(trim?.(object) ?? object);
    }
    resourceVersion = page.metadata?.resourceVersion ?? resourceVersion;
    next = page.metadata?.continue === '' ? undefined : page.metadata?.continue;
  } while (next !== undefined);
  return { objects, resourceVersion };
}
