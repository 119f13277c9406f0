/**
 * Syslog over UDP and TCP, IPv4 and IPv6. A message is one record of the spool, its header included: parsers read RFC 5424
 * and RFC 3164 alike. A source is known by its sender; what no source names goes to the unknown, within its quota.
 */
import { join } from 'node:path'
import { counted } from '../counted.ts'
import type { Ingest } from '../ingest.ts'
import { type Network, parseCidr, parseIp, within } from '../ip.ts'
import { type Source, UNKNOWN_SOURCE } from '../source.ts'
import { openDatagrams } from './datagrams.ts'
import { type Frames, framesOf } from './frames.ts'
import { openQuota, type QuotaOptions } from './quota.ts'
import { openReceiver, type Receiver } from './receiver.ts'
import { bytesOfDay } from './spool.ts'

/** Bytes that wait for the disk before datagrams are dropped, and counted. */
const MOST_WAITING = 64 * 1024 * 1024
/** Senders whose source is remembered. */
const MOST_KNOWN = 10_000
/** ms between looks at what is unread; it may be less than this part of the limit before senders go on. */
const LOOK = 200
const AGAIN = 0.8

export interface Syslog {
  /** Ports that are really bound. */
  readonly udp?: number
  readonly tcp?: number
  /** Whose a sender's lines are from now on. */
  setSources(sources: readonly Source[]): void
  close(): Promise<void>
}

export interface SyslogOptions {
  readonly udp?: string | undefined
  readonly tcp?: string | undefined
  /** Bytes of a frame over TCP. */
  readonly longest: number
  readonly connections: number
  readonly connectionsPerSender: number
  /** ms. */
  readonly idle: number
  /** Bytes of a source that are not in the store yet: above, who sends over TCP waits. */
  readonly unread: number
  readonly unknown: QuotaOptions
}

const split = (address: string): { host: string; port: number } => {
  const [, host, port] = /^\[?([^\]]*)\]?:(\d+)$/.exec(address)!
  return { host: host!, port: Number(port) }
}
const failed = (kind: string, address: string, error: NodeJS.ErrnoException): Error =>
  new Error(
    error.code === 'EADDRINUSE'
      ? `the syslog port ${address} (${kind}) is taken by another program: stop that one, or choose another port under syslog: ${kind}:`
      : error.code === 'EACCES'
        ? `the syslog port ${address} (${kind}) needs more rights: choose a port above 1023, or allow this user to bind it`
        : `the syslog port ${address} (${kind}) cannot be opened: ${error.message}`,
  )

/** Rejects with a sentence where a port cannot be had. */
export const openSyslog = async (
  options: SyslogOptions,
  sources: readonly Source[],
  ingest: Ingest,
  clock: () => number,
): Promise<Syslog> => {
  const { notices } = ingest
  let sourceOf = openSenders(sources)
  const quota = openQuota(options.unknown, clock, () => bytesOfDay(join(ingest.spoolFolder, UNKNOWN_SOURCE), clock()))
  const unread = openUnread(options.unread, ingest)
  let waiting = 0
  const dropped = (code: string, id: string, count: number, sentence: (total: number) => string) => {
    ingest.drop(id, count)
    notices.add(code, count, sentence)
  }
  /** Leaves what is within the quota of those that nobody knows. */
  const admit = (messages: Frames, peer: string): void => {
    const over = messages.count - quota.admit(messages)
    messages.keep(messages.count - over)
    if (over > 0)
      dropped(
        'unknown-quota',
        UNKNOWN_SOURCE,
        over,
        (total) =>
          `${counted(total, 'line')} of senders that no source names ${total === 1 ? 'was' : 'were'} dropped since the start, the last of ${peer}: more than ${options.unknown.linesPerSecond} a second or ${options.unknown.bytesPerDay} bytes a day (syslog: unknown); name those that are yours under "from"`,
      )
  }
  /** `held`: its sender can be made to wait, so what it sent counts among what the store has not read. */
  const accept = (messages: Frames, peer: string, held: boolean): Promise<void> => {
    const id = sourceOf(peer)
    if (id === UNKNOWN_SOURCE) admit(messages, peer)
    const { count, size } = messages
    if (count === 0) return Promise.resolve()
    waiting += size
    if (held) unread.came(id, size)
    return written(ingest.accept(id, messages, peer), id, peer, count, size)
  }
  const written = async (accepted: Promise<unknown>, id: string, peer: string, count: number, size: number) => {
    try {
      await accepted
    } catch (error) {
      dropped(
        'syslog-spool',
        id,
        count,
        (total) =>
          `${counted(total, 'line')} of syslog could not be written to the spool since the start, the last of ${peer}: ${(error as Error).message}`,
      )
      throw error
    } finally {
      waiting -= size
    }
  }

  const closers: (() => Promise<void>)[] = []
  let udp: Awaited<ReturnType<typeof openDatagrams>> | undefined
  let tcp: Receiver | undefined
  if (options.udp) {
    try {
      udp = await openDatagrams({
        ...split(options.udp),
        notices,
        accept: (messages, peer) => {
          if (waiting > MOST_WAITING)
            dropped(
              'syslog-room',
              sourceOf(peer),
              messages.length,
              (total) =>
                `${counted(total, 'datagram of syslog was', 'datagrams of syslog were')} dropped since the start, for the disk is slower than they come`,
            )
          else accept(framesOf(messages), peer, false).catch(() => {})
        },
      })
    } catch (error) {
      throw failed('udp', options.udp, error as NodeJS.ErrnoException)
    }
    closers.push(udp.close)
  }
  if (options.tcp) {
    try {
      tcp = await openReceiver({
        ...options,
        ...split(options.tcp),
        known: (peer) => sourceOf(peer) !== UNKNOWN_SOURCE,
        waits: (peer) => unread.full(sourceOf(peer)),
        accept: (messages, peer) => accept(messages, peer, true),
        notices,
      })
    } catch (error) {
      for (const close of closers) await close()
      throw failed('tcp', options.tcp, error as NodeJS.ErrnoException)
    }
    closers.push(unread.watch(tcp.settle), tcp.close)
  }
  return {
    ...(udp ? { udp: udp.port } : {}),
    ...(tcp ? { tcp: tcp.port } : {}),
    setSources: (next) => {
      sourceOf = openSenders(next)
    },
    close: async () => {
      for (const close of closers) await close()
    },
  }
}

/** Which source a sender belongs to. */
const openSenders = (sources: readonly Source[]): ((peer: string) => string) => {
  const senders: { network: Network; id: string }[] = sources.flatMap(({ id, collect }) =>
    collect.kind === 'syslog' ? collect.from.map((from) => ({ network: parseCidr(from)!, id })) : [],
  )
  // The longest prefix wins: an address before the network that holds it.
  senders.sort((a, b) => b.network.bits - a.network.bits)
  const known = new Map<string, string>()
  return (peer) => {
    let id = known.get(peer)
    if (id === undefined) {
      const ip = parseIp(peer)
      id = (ip && senders.find(({ network }) => within(ip, network))?.id) ?? UNKNOWN_SOURCE
      if (known.size >= MOST_KNOWN) known.clear()
      known.set(peer, id)
    }
    return id
  }
}

/** The spool is the queue between senders and the store: where what is unread of a source is too much, its senders wait. */
const openUnread = (most: number, ingest: Ingest) => {
  /** What is unread by the last look, and what came since. */
  const sources = new Map<string, { unread: number; full: boolean }>()
  const say = (id: string, wait: boolean) => {
    if (wait)
      ingest.notices.add(
        'syslog-waited',
        1,
        (total) =>
          `senders of syslog over TCP had to wait ${counted(total, 'time')} since the start, the last those of ${id}: more than ${most} bytes of it were not in the store yet (syslog: unread); nothing of theirs is lost`,
      )
    ingest.notices.set(
      `syslog-waits-${id}`,
      wait ? `senders of ${id} wait: more than ${most} bytes of it are not in the store yet` : undefined,
    )
  }
  return {
    came: (id: string, size: number): void => {
      const each = sources.get(id) ?? { unread: 0, full: false }
      sources.set(id, each)
      each.unread += size
      if (each.full || each.unread <= most) return
      each.full = true
      say(id, true)
    },
    full: (id: string): boolean => sources.get(id)?.full ?? false,
    /** Looks now and then, and tells when senders may go on. */
    watch: (settle: () => void) => {
      const look = async () => {
        for (const [id, each] of sources) {
          const now = await ingest.behind(id)
          each.unread = now
          if (each.full && now < most * AGAIN) {
            each.full = false
            say(id, false)
          } else if (!each.full && now > most) {
            each.full = true
            say(id, true)
          } else continue
          settle()
        }
      }
      let looking: Promise<void> | undefined
      const timer = setInterval(() => {
        looking ??= look()
          .catch(() => {})
          .finally(() => {
            looking = undefined
          })
      }, LOOK)
      timer.unref()
      return async () => {
        clearInterval(timer)
        await looking
      }
    },
  }
}
