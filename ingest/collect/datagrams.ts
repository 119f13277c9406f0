/** Syslog over UDP (RFC 5426): a datagram is a message. What the kernel dropped before anybody could read it is asked for and said. */
import { createSocket } from 'node:dgram'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { counted } from '../counted.ts'
import { canonicalAddress } from '../ip.ts'
import type { Notices } from '../notices.ts'
import { trim } from './framing.ts'

/** What is asked of the kernel for a burst; it gives at most net.core.rmem_max. */
const BUFFER = 32 * 1024 * 1024
/** Messages of one sender that are handed over together. */
const TOGETHER = 500
const LOOK = 5000

export interface DatagramOptions {
  readonly host: string
  readonly port: number
  /** Takes them, or counts what it has no room for. */
  readonly accept: (messages: Buffer[], peer: string, port: number) => void
  readonly notices: Notices
}
export interface Datagrams {
  readonly port: number
  close(): Promise<void>
}

export const openDatagrams = async ({ host, port, accept, notices }: DatagramOptions): Promise<Datagrams> => {
  const six = host.includes(':')
  const socket = createSocket({ type: six ? 'udp6' : 'udp4' })
  // All that the loop reads before it turns to others, by sender: 10,000 senders are 10,000 small lists until then.
  let came = new Map<string, Buffer[]>()
  let handing = false
  let bound = port
  const hand = () => {
    handing = false
    const all = came
    came = new Map()
    for (const [peer, messages] of all) accept(messages, canonicalAddress(peer) ?? peer, bound)
  }
  socket.on('message', (datagram, { address }) => {
    const message = trim(datagram)
    if (message.length === 0) return
    const messages = came.get(address)
    if (messages === undefined) came.set(address, [message])
    else messages.push(message)
    if (messages?.length === TOGETHER) hand()
    else if (!handing) {
      handing = true
      setImmediate(hand)
    }
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(port, host, () => resolve())
  })
  socket.on('error', (error) => notices.add('syslog-udp', 1, () => `syslog over UDP: ${error.message}`))
  try {
    socket.setRecvBufferSize(BUFFER)
  } catch {
    // What there is has to do.
  }
  const buffer = socket.getRecvBufferSize()
  bound = socket.address().port
  let before = 0
  const look = () => {
    const drops = dropsOf(bound)
    // The kernel counts in 32 bits.
    const more = (drops - before) >>> 0
    before = drops
    if (more > 0)
      notices.add(
        'syslog-udp-dropped',
        more,
        (total) =>
          `the kernel dropped ${counted(total, 'datagram')} of syslog since the start, for its buffer of ${buffer} bytes was full: raise net.core.rmem_max (sysctl) up to ${BUFFER}, or let devices send over TCP`,
      )
  }
  const timer = setInterval(look, LOOK)
  timer.unref()
  return {
    port: bound,
    close: () => {
      clearInterval(timer)
      look()
      hand()
      return new Promise((resolve) => void socket.close(() => resolve()))
    },
  }
}

/** The drops of this process's sockets on a port, as Linux counts them; 0 elsewhere. */
const dropsOf = (port: number): number => {
  const rows = ['udp', 'udp6'].flatMap((kind) => {
    try {
      return readFileSync(`/proc/self/net/${kind}`, 'utf8').split('\n').slice(1)
    } catch {
      return []
    }
  })
  const hex = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const found = rows.map((row) => row.trim().split(/\s+/)).filter(([, local]) => local?.endsWith(hex))
  // Other programs may have bound the same port on another address.
  const mine = found.length > 1 ? ownSockets() : undefined
  return found
    .filter(([, , , , , , , , , inode]) => !mine || mine.has(`socket:[${inode}]`))
    .reduce((sum, row) => sum + Number(row.at(-1)), 0)
}
const ownSockets = (): ReadonlySet<string> =>
  new Set(
    readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`)
      } catch {
        return []
      }
    }),
  )
