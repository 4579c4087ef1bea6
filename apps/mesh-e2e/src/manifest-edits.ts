const source = (who: string): string =>
  `    - { kind: ServiceAccount, name: ${who}, namespace: res }\n`;

/** Adds a source to the first TrafficTarget of meshes/resilience, that of server-1. */
export function addSource(text: string, who: string): string {
  return text.replace('  sources:\n', `  sources:\n${source(who)}`);
}

export function removeSource(text: string, who: string): string {
  return text.replace(source(who), '');
}
