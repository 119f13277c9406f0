/** Who sent a request: the peer, or, where that is a proxy the configuration trusts, the client that it names. */
import { canonicalAddress, parseCidr, parseIp, within } from '../ingest/ip.ts'

/** The header that better-auth counts sign-ins by; what a client writes in it is removed. */
export const CLIENT_HEADER = 'x-vonglau-client'

/** From the right of X-Forwarded-For, the first address that is no trusted proxy: those further left a client may invent. */
export const clientOf = (trusted: readonly string[]): ((peer: string, forwarded: string | undefined) => string) => {
  const networks = trusted.flatMap((text) => parseCidr(text) ?? [])
  const isProxy = (address: string) => {
    const ip = parseIp(address)
    return ip !== undefined && networks.some((network) => within(ip, network))
  }
  return (peer, forwarded) => {
    let client = canonicalAddress(peer) ?? peer
    if (!forwarded || !isProxy(client)) return client
    for (const part of forwarded.split(',').reverse()) {
      const address = canonicalAddress(part.trim().replace(/^\[(.*)\](:\d+)?$/, '$1'))
      if (address === undefined) return client
      client = address
      if (!isProxy(address)) return client
    }
    return client
  }
}
