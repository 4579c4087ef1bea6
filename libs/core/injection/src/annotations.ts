import { err, ok, type Result } from '@osm/prelude';
import type { JsonObject } from './json.ts';

/** Annotations that injection reads or writes. */
export const annotations = {
  injection: 'openservicemesh.io/sidecar-injection',
  proxylessGrpc: 'openservicemesh.io/proxyless-grpc',
  outboundPortExclusionList: 'openservicemesh.io/outbound-port-exclusion-list',
  inboundPortExclusionList: 'openservicemesh.io/inbound-port-exclusion-list',
  outboundIpRangeExclusionList: 'openservicemesh.io/outbound-ip-range-exclusion-list',
  outboundIpRangeInclusionList: 'openservicemesh.io/outbound-ip-range-inclusion-list',
  scrape: 'prometheus.io/scrape',
  scrapePort: 'prometheus.io/port',
  scrapePath: 'prometheus.io/path',
} as const;

const wishes: Readonly<Record<string, 'enabled' | 'disabled'>> = {
  enabled: 'enabled',
  yes: 'enabled',
  true: 'enabled',
  disabled: 'disabled',
  no: 'disabled',
  false: 'disabled',
};

const noWish = 'none of enabled, yes, true, disabled, no, false';

/** What the pod's own injection annotation wants. Any case; anything else is an error and denies the pod. */
export function parseInjectionWish(
  found: JsonObject,
): Result<'enabled' | 'disabled' | 'unset', string> {
  const value = found[annotations.injection];
  if (value === undefined) return ok('unset');
  const wish = typeof value === 'string' ? wishes[value.toLowerCase()] : undefined;
  return wish === undefined ? err(badInjectionWish(String(value))) : ok(wish);
}

/** Does the pod's own gRPC speak xDS? Anything that means neither yes nor no is an error and denies the pod. */
export function parseProxylessWish(found: JsonObject): Result<boolean, string> {
  const key = annotations.proxylessGrpc;
  const value = found[key];
  if (value === undefined) return ok(false);
  const wish = typeof value === 'string' ? wishes[value.toLowerCase()] : undefined;
  return wish === undefined
    ? err(`annotation ${key}: "${String(value)}" is ${noWish}`)
    : ok(wish === 'enabled');
}

/** The text for a wrong value of the injection annotation, on a pod or a namespace. */
export function badInjectionWish(text: string): string {
  return `annotation ${annotations.injection}: "${text}" is ${noWish}`;
}

/** A comma-separated list of ports, 1 to 65535. */
export function parsePorts(found: JsonObject, key: string): Result<readonly number[], string> {
  const items = listItems(found, key);
  const bad = items.find((item) => !isPort(item));
  if (bad !== undefined) return err(`annotation ${key}: "${bad}" is not a port, 1 to 65535`);
  return ok(items.map(Number));
}

/** A comma-separated list of IPv4 ranges: only IPv4 is redirected to the proxy. */
export function parseIpRanges(found: JsonObject, key: string): Result<readonly string[], string> {
  const items = listItems(found, key);
  const bad = items.find((item) => !isIpRange(item));
  if (bad !== undefined)
    return err(`annotation ${key}: "${bad}" is not an IPv4 range such as 10.0.0.0/8`);
  return ok(items);
}

function listItems(found: JsonObject, key: string): readonly string[] {
  const value = found[key];
  if (value === undefined || value === '') return [];
  return String(value)
    .split(',')
    .map((item) => item.trim());
}

function isPort(text: string): boolean {
  return /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535;
}

/** IPv4 address, slash, prefix length. */
export function isIpRange(text: string): boolean {
  const [address = '', length = '', ...rest] = text.split('/');
  const bytes = address.split('.');
  const isByte = (byte: string): boolean => /^\d{1,3}$/.test(byte) && Number(byte) <= 255;
  return (
    rest.length === 0 &&
    bytes.length === 4 &&
    bytes.every(isByte) &&
    /^\d{1,2}$/.test(length) &&
    Number(length) <= 32
  );
}
