import { parseCidr } from '../ip.ts'
import type { Address } from '../row/address.ts'
import { openNetworks } from '../row/networks.ts'

/** Not globally reachable (IANA special-purpose registries, RFC 6890 and later): no such address is in a country. */
const V4 = `0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
  192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3`
const V6 = '2001::/23 2001:db8::/32 2002::/16 3fff::/20'
const reserved = openNetworks(`${V4} ${V6}`.split(/\s+/).map((text) => [parseCidr(text)!, true] as const))
const global = openNetworks([[parseCidr('2000::/3')!, true]])

export const isReserved = (address: Address): boolean =>
  reserved(address).length > 0 || (address.v6 && global(address).length === 0)
