/**
 * Whose lines are a sender's: known by its address and by the port of ours that it sends to. Of a relay alone it is believed
 * what a line's header says of host and program; anybody else could write another's name there.
 */
import { type Network, parseCidr, parseIp, within } from '../ip.ts'
import { syslogHeader } from '../parsers/syslog.ts'
import { type Source, UNKNOWN_SOURCE } from '../source.ts'
import { Frames } from './frames.ts'

/** Senders whose source is remembered. */
const MOST_KNOWN = 10_000
/** A header is no longer. */
const HEAD = 1024
/** The time of a header is not asked for; in a leap year every day of one without a year is one. */
const SOME_TIME = Date.UTC(2024, 6, 1)

export interface Senders {
  /** The source of a sender; undefined: it is a relay, and its lines say it. */
  of(peer: string, port: number): string | undefined
  /** The lines of a relay by their sources, each source's in their order. */
  sorted(lines: Frames, peer: string, port: number): ReadonlyMap<string, Frames>
}

interface Rule {
  readonly id: string
  readonly network: Network | undefined
  readonly port: number | undefined
  readonly hosts: ReadonlySet<string> | undefined
  readonly programs: ReadonlySet<string> | undefined
}
const small = (names: readonly string[] | undefined) =>
  names && new Set(names.map((name) => name.toLowerCase().replace(/\.$/, '')))

export const openSenders = (sources: readonly Source[], relayed: readonly string[] = []): Senders => {
  const relays = relayed.map((text) => parseCidr(text)!)
  const all = sources.flatMap(({ id, collect }): Rule[] => {
    if (collect.kind !== 'syslog') return []
    const { from, port, host, program } = collect
    const networks = from.length ? from.map((text) => parseCidr(text)) : [undefined]
    return networks.map((network) => ({ id, network, port, hosts: small(host), programs: small(program) }))
  })
  const isRelay = (ip: ReturnType<typeof parseIp>) => ip !== undefined && relays.some((relay) => within(ip, relay))
  // What says more is asked first: a port, then the longest prefix: an address before the network that holds it.
  const bySender = all
    .filter(({ hosts, programs }) => !hosts && !programs)
    .sort((a, b) => Number(b.port ?? 0) - Number(a.port ?? 0) || (b.network?.bits ?? -1) - (a.network?.bits ?? -1))
  const byLine = all.filter(({ hosts, programs }) => hosts || programs).sort((a, b) => weight(b) - weight(a))
  const fits = ({ network, port: wanted }: Rule, ip: ReturnType<typeof parseIp>, port: number) =>
    (wanted === undefined || wanted === port) && (network === undefined || (ip !== undefined && within(ip, network)))
  const plain = (peer: string, port: number) => {
    const ip = parseIp(peer)
    return bySender.find((rule) => fits(rule, ip, port))?.id ?? UNKNOWN_SOURCE
  }
  const known = new Map<string, string | undefined>()
  const of = (peer: string, port: number): string | undefined => {
    const key = `${port} ${peer}`
    if (known.has(key)) return known.get(key)
    const id = byLine.length > 0 && isRelay(parseIp(peer)) ? undefined : plain(peer, port)
    if (known.size >= MOST_KNOWN) known.clear()
    known.set(key, id)
    return id
  }
  return {
    of,
    sorted: (lines, peer, port) => {
      const ip = parseIp(peer)
      const mine = byLine.filter((rule) => fits(rule, ip, port))
      // What none of them names is the relay's own.
      const otherwise = plain(peer, port)
      const out = new Map<string, Frames>()
      lines.each((memory, from, to) => {
        const head = memory.toString('latin1', from, Math.min(to, from + HEAD))
        const { host, tag } = syslogHeader(head, SOME_TIME, 'UTC')
        const [itsHost, itsProgram] = [host?.toLowerCase().replace(/\.$/, ''), tag?.toLowerCase()]
        const rule = mine.find(
          ({ hosts, programs }) =>
            (!hosts || (itsHost !== undefined && hosts.has(itsHost))) &&
            (!programs || (itsProgram !== undefined && programs.has(itsProgram))),
        )
        const id = rule?.id ?? otherwise
        let frames = out.get(id)
        if (!frames) out.set(id, (frames = new Frames()))
        frames.add(memory, from, to)
      })
      return out
    },
  }
}
/** A host and a program say more than one of them. */
const weight = ({ hosts, programs, port, network }: Rule): number =>
  (hosts ? 4 : 0) + (programs ? 2 : 0) + (port === undefined ? 0 : 1) + (network?.bits ?? 0) / 256
