import type { Brand } from '@osm/prelude';

/** `<namespace>/<name>` of an object of a known kind. Kubernetes names contain no slash. */
export type NamespacedName = Brand<string, 'NamespacedName'>;

export function namespacedName(namespace: string, name: string): NamespacedName {
  return `${namespace}/${name}` as NamespacedName;
}

export function namespaceOf(text: NamespacedName): string {
  return text.slice(0, text.indexOf('/'));
}

export function nameOf(text: NamespacedName): string {
  return text.slice(text.indexOf('/') + 1);
}
