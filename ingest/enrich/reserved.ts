import { type Ip, parseCidr, within } from '../ip.ts'

/** Not globally reachable (IANA special-purpose registries, RFC 6890 and later): no such address is in a country. */
const V4 = `0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
  192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3`
  .split(/\s+/)
  .map((text) => parseCidr(text)!)
const GLOBAL = parseCidr('2000::/3')!
const V6 = '2001::/23 2001:db8::/32 2002::/16 3fff::/20'.split(' ').map((text) => parseCidr(text)!)

export const isReserved = (ip: Ip): boolean =>
  ip.family === 4 ? V4.some((n) => within(ip, n)) : !within(ip, GLOBAL) || V6.some((n) => within(ip, n))
