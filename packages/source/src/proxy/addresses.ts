import { BlockList, isIP } from 'node:net';

/**
 * Addresses that a build never reaches through the proxy: this machine, its networks, link-local (cloud metadata), and everything that is not
 * globally reachable (IANA special-purpose registries). The step controls host names, and so what they resolve to: the check is
 * made on the address that is then dialled, never on the name.
 */
const refused = new BlockList();
const v4: readonly [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
const v6: readonly [string, number][] = [
  ['::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
];
for (const [network, prefix] of v4) {
  refused.addSubnet(network, prefix, 'ipv4');
  // The same networks behind NAT64 (RFC 6052).
  const [a, b, c, d] = network.split('.').map(Number) as [number, number, number, number];
  refused.addSubnet(`64:ff9b::${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`, 96 + prefix, 'ipv6');
}
for (const [network, prefix] of v6) refused.addSubnet(network, prefix, 'ipv6');

export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  if (family === 4) return !refused.check(address, 'ipv4');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return isPublicAddress(mapped);
  return !/^::ffff:/i.test(address) && !refused.check(address, 'ipv6');
}
