/**
 * Syslog over UDP and TCP, IPv4 and IPv6. A message is one record of the spool, its header included: parsers read RFC 5424
 * and RFC 3164 alike. A source is known by its sender; what no source names goes to the unknown, within its quota.
 */
import { join } from 'node:path'
import { counted } from '../counted.ts'
import type { Ingest } from '../ingest.ts'
import { type Source, UNKNOWN_SOURCE } from '../source.ts'
import { openDatagrams } from './datagrams.ts'
import { type Frames, framesOf } from './frames.ts'
import { openQuota, type QuotaOptions } from './quota.ts'
import { openReceiver, openShares, type Receiver, type Tls } from './receiver.ts'
import { openSenders } from './senders.ts'
import { bytesOfDay } from './spool.ts'

/** Bytes that wait for the disk before datagrams are dropped, and counted. */
const MOST_WAITING = 64 * 1024 * 1024
/** Relays of which it is remembered to which sources they sent. */
const MOST_RELAYS = 10_000
/** ms between looks at what is unread; it may be less than this part of the limit before senders go on. */
const LOOK = 200
const AGAIN = 0.8

export interface Syslog {
  /** Ports that are really bound, the first of each kind. */
  readonly udp?: number
  readonly tcp?: number
  readonly tls?: number
  /** Whose a sender's lines are from now on; certificates are read again. */
  setSources(sources: readonly Source[]): void
  close(): Promise<void>
}

export interface SyslogOptions {
  /** Addresses with ports. */
  readonly udp: readonly string[]
  readonly tcp: readonly string[]
  /** `read`: the PEM files as they are now; throws a sentence. */
  readonly tls?: { readonly listen: readonly string[]; readonly read: () => Tls } | undefined
  /** Networks of those whose lines say of which host or program they are. */
  readonly relays: readonly string[]
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
  let senders = openSenders(sources, options.relays)
  /** To which sources a relay has sent. */
  const relayed = new Map<string, Set<string>>()
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
  const accept = (messages: Frames, peer: string, port: number, held: boolean): Promise<void> => {
    const id = senders.of(peer, port)
    if (id !== undefined) return take(id, messages, peer, held)
    const sorted = senders.sorted(messages, peer, port)
    const mine = relayed.get(peer) ?? new Set()
    if (!relayed.has(peer) && relayed.size >= MOST_RELAYS) relayed.clear()
    relayed.set(peer, mine)
    for (const each of sorted.keys()) mine.add(each)
    return Promise.all([...sorted].map(([each, some]) => take(each, some, peer, held))).then(() => {})
  }
  const take = (id: string, messages: Frames, peer: string, held: boolean): Promise<void> => {
    if (id === UNKNOWN_SOURCE) admit(messages, peer)
    const { count, size } = messages
    if (count === 0) return Promise.resolve()
    waiting += size
    if (held) unread.came(id, size)
    return written(ingest.accept(id, messages, peer), id, peer, count, size)
  }
  const waits = (peer: string, port: number): boolean => {
    const id = senders.of(peer, port)
    if (id !== undefined) return unread.full(id)
    return [...(relayed.get(peer) ?? [])].some((each) => unread.full(each))
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
  const bound: { udp?: number; tcp?: number; tls?: number } = {}
  const receivers: Receiver[] = []
  /** Opens one port; where it cannot be had, those before it are given back. */
  const open = async (kind: 'udp' | 'tcp' | 'tls', address: string, work: () => Promise<number>) => {
    try {
      const port = await work()
      bound[kind] ??= port
    } catch (error) {
      for (const close of closers) await close()
      throw failed(kind, address, error as NodeJS.ErrnoException)
    }
  }
  const tls = options.tls?.read()
  for (const address of options.udp)
    await open('udp', address, async () => {
      const udp = await openDatagrams({
        ...split(address),
        notices,
        accept: (messages, peer, port) => {
          if (waiting > MOST_WAITING)
            dropped(
              'syslog-room',
              senders.of(peer, port) ?? UNKNOWN_SOURCE,
              messages.length,
              (total) =>
                `${counted(total, 'datagram of syslog was', 'datagrams of syslog were')} dropped since the start, for the disk is slower than they come`,
            )
          else accept(framesOf(messages), peer, port, false).catch(() => {})
        },
      })
      closers.push(udp.close)
      return udp.port
    })
  const shares = openShares()
  for (const [kind, address] of [
    ...options.tcp.map((each) => ['tcp', each] as const),
    ...(options.tls?.listen ?? []).map((each) => ['tls', each] as const),
  ])
    await open(kind, address, async () => {
      const receiver = await openReceiver({
        ...options,
        ...split(address),
        tls: kind === 'tls' ? tls : undefined,
        shares,
        known: (peer, port) => senders.of(peer, port) !== UNKNOWN_SOURCE,
        waits,
        accept: (messages, peer, port) => accept(messages, peer, port, true),
        notices,
      })
      receivers.push(receiver)
      closers.push(receiver.close)
      return receiver.port
    })
  if (receivers.length > 0)
    closers.unshift(
      unread.watch(() => {
        for (const each of receivers) each.settle()
      }),
    )
  return {
    ...bound,
    setSources: (next) => {
      senders = openSenders(next, options.relays)
      if (!options.tls) return
      try {
        const renewed = options.tls.read()
        for (const each of receivers) each.renew(renewed)
        notices.set('syslog-tls', undefined)
      } catch (error) {
        notices.set('syslog-tls', `${(error as Error).message}; the certificate of before is still in use`)
      }
    },
    close: async () => {
      for (const close of closers) await close()
    },
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
