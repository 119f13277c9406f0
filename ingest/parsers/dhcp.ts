/** What DHCP servers and clients write: ISC dhcpd and dhclient, dhcp6c, Kea. */
import { addressOfText } from '../row/address.ts'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import type { Row } from '../row/row.ts'
import { putSort, sortOf } from './categories.ts'
import { mac } from './targets.ts'

const F = {
  action: field('event.action'),
  protocol: field('network.protocol'),
  transport: field('network.transport'),
  ip: field('source.ip'),
  address: field('source.address'),
  port: field('source.port'),
  mac: field('source.mac'),
  host: field('source.domain'),
  transaction: field('dhcp.transaction_id'),
  ingress: field('observer.ingress.interface.name'),
  vlan: field('network.vlan.id'),
  ingressVlan: field('observer.ingress.vlan.id'),
} as const
const DHCP = constant('dhcp')
const DHCPV6 = constant('dhcpv6')
const UDP = constant('udp')
const SORT = sortOf({ category: 'network', type: 'connection protocol info' })

const put = (row: Row, f: number, text: string | undefined): void => {
  if (text !== undefined && text !== '' && !row.has(f)) row.string(f, text)
}
const putIp = (row: Row, text: string | undefined, port?: string): void => {
  const address = text === undefined ? undefined : addressOfText(text)
  if (address === undefined || row.has(F.ip)) return
  row.sayAddress(F.ip, address)
  row.copyOf(F.address, F.ip)
  if (port !== undefined && Number(port) <= 65535) row.long(F.port, Number(port))
}

const MAC = '((?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2})'
const ADDRESS = '([0-9A-Fa-f:.]{3,45})'
const HOST = '(?: \\((.{1,64}?)\\))?'
const VIA = '(?: via (\\S{1,32}?))?(?::.*)?$'
/** ISC dhcpd; each with the groups of address, hardware address, name and interface. */
const DHCP4: readonly (readonly [RegExp, ip: number, mac: number, host: number, via: number])[] = [
  [new RegExp(`^(DHCPDISCOVER) from ${MAC}${HOST}${VIA}`), 0, 2, 3, 4],
  [new RegExp(`^(DHCPOFFER|DHCPACK|DHCPNAK) on ${ADDRESS} to ${MAC}${HOST}${VIA}`), 2, 3, 4, 5],
  [
    new RegExp(
      `^(DHCPREQUEST|DHCPRELEASE|DHCPDECLINE) (?:for|of) ${ADDRESS}(?: \\([0-9.]+\\))? from ${MAC}${HOST}${VIA}`,
    ),
    2,
    3,
    4,
    5,
  ],
  [new RegExp(`^(DHCPACK) to ${ADDRESS} \\(${MAC}\\)${VIA}`), 2, 3, 0, 4],
  [new RegExp(`^(DHCPINFORM) from ${ADDRESS}${VIA}`), 2, 0, 0, 3],
  [new RegExp(`^(Listening on|Sending on) +(BPF|LPF)/([^/\\s]+)/${MAC}`), 0, 4, 0, 3],
]
/** Kea: `DHCP4_LEASE_ALLOC [hwtype=1 aa:…], cid=[…], tid=0x1: lease 192.0.2.9 has been allocated` */
const KEA = new RegExp(`\\b(DHCP[46]_[A-Z_]+)\\b(?:.*?hwtype=\\d+ ${MAC})?(?:.*?\\blease ${ADDRESS})?`)
/** DHCPv6: a phrase, and where the other side is said. */
const DHCP6 = new RegExp(
  `^(Solicit message|Request message|Renew message|Rebind message|Release message|Confirm message|Decline message|Information-request message|Sending Advertise|Sending Reply|Advertise NA|Advertise PD|Reply NA|Reply PD|Picking pool address|Reusing lease|add an address|remove an address)\\b(?:(?: from| to|: address| for:)? ${ADDRESS}(?:/\\d+)?)?(?: port (\\d+))?`,
)
/** Says of a DHCP server's message what it says; `six`: of a program that speaks DHCPv6 only. */
export const putDhcp = (row: Row, text: string, six: boolean, action: 'written' | 'lower' = 'written'): void => {
  putSort(row, SORT)
  row.const(F.transport, UDP)
  for (const [pattern, ip, hardware, host, via] of DHCP4) {
    const m = pattern.exec(text)
    if (!m) continue
    row.const(F.protocol, DHCP)
    put(
      row,
      F.action,
      m[1]!.startsWith('DHCP')
        ? action === 'lower'
          ? m[1]!.toLowerCase()
          : m[1]
        : `${m[1]!.toLowerCase().replaceAll(' ', '-')}-${m[2]!}`.toLowerCase(),
    )
    if (ip > 0) putIp(row, m[ip])
    if (hardware > 0) {
      const address = macOf(m[hardware]!)
      if (address !== undefined) row.const(F.mac, address)
    }
    if (host > 0) put(row, F.host, m[host])
    if (via > 0) putInterface(row, m[via])
    return
  }
  const kea = KEA.exec(text)
  if (kea) {
    row.const(F.protocol, kea[1]!.startsWith('DHCP6') ? DHCPV6 : DHCP)
    put(row, F.action, kea[1])
    const address = kea[2] === undefined ? undefined : macOf(kea[2])
    if (address !== undefined) row.const(F.mac, address)
    putIp(row, kea[3])
    return
  }
  const v6 = DHCP6.exec(text)
  row.const(F.protocol, six || v6 || /\bSocket\/\d/.test(text) || /:[0-9a-f]{0,4}:/i.test(text) ? DHCPV6 : DHCP)
  if (v6) {
    put(row, F.action, v6[1]!.toLowerCase().replaceAll(' ', '-'))
    putIp(row, v6[2], v6[3])
  }
  put(row, F.transaction, /transaction ID (0x[0-9A-Fa-f]{1,16})/.exec(text)?.[1])
}
const encoder = new TextEncoder()
const macOf = (text: string) => {
  const bytes = encoder.encode(text)
  return mac.get(bytes, 0, bytes.length)
}
const putInterface = (row: Row, name: string | undefined): void => {
  put(row, F.ingress, name)
  const vlan = name === undefined ? undefined : /\.(\d{1,4})$/.exec(name)?.[1]
  put(row, F.vlan, vlan)
  put(row, F.ingressVlan, vlan)
}
