const octet = '(?:25[0-5]|2[0-4]\\d|1?\\d{1,2})';
const ipv4 = new RegExp(`^${octet}(?:\\.${octet}){3}/(?:3[0-2]|[12]?\\d)$`);
const ipv6Prefix = /^(?:12[0-8]|1[01]\d|\d{1,2})$/;
const group = /^[0-9a-f]{1,4}$/i;

/** Whether the text is an address and a prefix length, IPv4 or IPv6, as Go's net.ParseCIDR reads it. */
export function isIpRange(text: string): boolean {
  if (ipv4.test(text)) return true;
  const [address = '', prefix = '', ...rest] = text.split('/');
  return rest.length === 0 && ipv6Prefix.test(prefix) && isIpv6(address);
}

function isIpv6(address: string): boolean {
  const halves = address.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const complete = halves.length === 2 ? groups.length < 8 : groups.length === 8;
  return complete && groups.every((each) => group.test(each));
}
