/**
 * Syslog over TCP. Frames are handed over while those before them are still written, so one sync serves all that wait;
 * where too many wait, or their reader is behind, reads pause and the sender waits. Anybody may connect: connections and
 * bytes are bounded by sender, for all unknown senders together, and in all.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { counted } from '../counted.ts'
import { canonicalAddress, parseIp } from '../ip.ts'
import type { Notices } from '../notices.ts'
import { openDescriptors } from './descriptors.ts'
import type { Frames } from './frames.ts'
import { openFraming } from './framing.ts'

export interface ReceiverOptions {
  readonly host: string
  readonly port: number
  /** Bytes of a frame. */
  readonly longest: number
  readonly connections: number
  readonly connectionsPerSender: number
  /** ms without a byte after which a connection is closed. */
  readonly idle: number
  readonly known: (peer: string) => boolean
  /** Resolves when they are on disk. */
  readonly accept: (messages: Frames, peer: string) => Promise<void>
  /** Whether lines of this sender have to wait. */
  readonly waits: (peer: string) => boolean
  readonly notices: Notices
}
export interface Receiver {
  readonly port: number
  /** Looks again who has to wait. */
  settle(): void
  close(): Promise<void>
}

/** Bytes that wait for the disk, of a connection and of all: above, reads pause. */
const WAITING = 8 * 1024 * 1024
const ALL_WAITING = 64 * 1024 * 1024
/** Bytes of frames that are not whole, of a sender and of all: who would hold more is cut off. */
const HELD = 8 * 1024 * 1024
const ALL_HELD = 64 * 1024 * 1024
/** Unknown senders together have this part of connections and bytes. */
const UNKNOWN = 1 / 4
/** ms that a frame may take from its first byte to its last. */
const FRAME = 60_000
const LOOK = 5000

/** What is counted of a sender, of the unknown ones, of all. */
interface Share {
  connections: number
  held: number
}
interface Connection {
  readonly socket: Socket
  readonly peer: string
  waiting: number
  /** When the last byte came, and the first of the frame that is not whole. */
  heard: number
  began: number | undefined
  /** Hands over what came of a frame. */
  end(): void
  /** Closes it, and says why. */
  cut(reason: string): void
}

/** An unknown sender has as many IPv6 addresses as it likes: its /64 is one. */
const senderOf = (peer: string, known: boolean): string => {
  const ip = known ? undefined : parseIp(peer)
  return ip?.family === 6 ? `${ip.high}/64` : peer
}

export const openReceiver = async (options: ReceiverOptions): Promise<Receiver> => {
  const { longest, notices, idle } = options
  const all: Share = { connections: 0, held: 0 }
  const unknown: Share = { connections: 0, held: 0 }
  const senders = new Map<string, Share>()
  const open = new Set<Connection>()
  const paused = new Set<Connection>()
  let waiting = 0
  const hasDescriptor = openDescriptors()

  const refused = (reason: string) =>
    notices.add(
      'syslog-refused',
      1,
      (total) =>
        `${counted(total, 'syslog connection was', 'syslog connections were')} refused since the start, the last because ${reason}`,
    )
  const settle = (each: Connection) => {
    const wait = each.waiting > WAITING || waiting > ALL_WAITING || options.waits(each.peer)
    if (wait === paused.has(each)) return
    if (wait) {
      paused.add(each)
      each.socket.pause()
    } else {
      paused.delete(each)
      // What it did not send while it was not listened to, is not held against it.
      each.heard = performance.now()
      if (each.began !== undefined) each.began = each.heard
      each.socket.resume()
    }
  }
  const settleAll = () => {
    for (const each of open) settle(each)
  }

  const receive = (socket: Socket) => {
    const peer = canonicalAddress(socket.remoteAddress ?? '') ?? 'unknown'
    const known = options.known(peer)
    const sender = senderOf(peer, known)
    const mine = senders.get(sender) ?? { connections: 0, held: 0 }
    const reason =
      all.connections >= options.connections
        ? `${all.connections} are open (syslog: connections)`
        : mine.connections >= options.connectionsPerSender
          ? `${peer} has ${mine.connections} open (syslog: connections_per_sender)`
          : !known && unknown.connections >= Math.ceil(options.connections * UNKNOWN)
            ? `unknown senders have ${unknown.connections} open, a quarter of what there may be`
            : hasDescriptor()
              ? undefined
              : 'the rest of the open files that this process may have is kept for console, HTTP and store (ulimit -n)'
    if (reason !== undefined) {
      refused(reason)
      socket.destroy()
      return
    }
    const shares = known ? [all, mine] : [all, mine, unknown]
    senders.set(sender, mine)
    for (const share of shares) share.connections++
    const connection: Connection = {
      socket,
      peer,
      waiting: 0,
      heard: performance.now(),
      began: undefined,
      end: () => hand(framing.end()),
      cut: (reason) => {
        notices.add(
          'syslog-framing',
          1,
          (total) =>
            `${counted(total, 'syslog connection was', 'syslog connections were')} closed since the start for what they sent, the last one of ${peer}: ${reason}`,
        )
        socket.destroy()
      },
    }
    open.add(connection)
    const framing = openFraming(longest)
    let held = 0
    const hold = (now: number) => {
      for (const share of shares) share.held += now - held
      held = now
    }
    const hand = (messages: Frames) => {
      if (messages.count === 0) return
      const { size } = messages
      connection.waiting += size
      waiting += size
      options
        .accept(messages, peer)
        // Not written: the connection is closed, so the sender knows that it has to send again.
        .catch(() => void socket.destroy())
        .then(() => {
          const over = waiting > ALL_WAITING
          connection.waiting -= size
          waiting -= size
          if (over && waiting <= ALL_WAITING) settleAll()
          else settle(connection)
        })
      settle(connection)
    }
    const tooMuch = (): string | undefined =>
      mine.held > Math.max(HELD, 2 * longest)
        ? `its frames that are not whole take more than ${HELD} bytes`
        : !known && unknown.held > ALL_HELD * UNKNOWN
          ? `frames of unknown senders that are not whole take more than ${ALL_HELD * UNKNOWN} bytes`
          : all.held > ALL_HELD
            ? `frames that are not whole take more than ${ALL_HELD} bytes`
            : undefined
    socket.setKeepAlive(true, 60_000)
    socket.on('data', (chunk: Buffer) => {
      if (socket.destroyed) return
      const { messages, lost } = framing.take(chunk)
      const now = (connection.heard = performance.now())
      hold(framing.held())
      if (held === 0) connection.began = undefined
      else if (messages.count > 0 || connection.began === undefined) connection.began = now
      hand(messages)
      const reason = lost ?? (held > 0 ? tooMuch() : undefined)
      if (reason !== undefined) connection.cut(reason)
    })
    socket.on('end', connection.end)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      hold(0)
      open.delete(connection)
      paused.delete(connection)
      for (const share of shares) share.connections--
      if (mine.connections === 0) senders.delete(sender)
    })
    settle(connection)
  }

  const server: Server = createServer(receive)
  // One more than is allowed is refused with its reason; the kernel's queue holds the rest.
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => resolve())
  })
  server.on('error', (error) => refused(error.message))
  const look = setInterval(
    () => {
      const now = performance.now()
      for (const each of open) {
        if (paused.has(each)) continue
        const unfinished = each.began !== undefined && now - each.began > Math.min(FRAME, idle)
        if (!unfinished && now - each.heard <= idle) continue
        // What came of it is kept.
        each.end()
        if (unfinished) each.cut(`a frame was not whole after ${Math.round(Math.min(FRAME, idle) / 1000)} s`)
        else each.socket.destroy()
      }
    },
    Math.min(LOOK, Math.ceil(idle / 4)),
  )
  look.unref()
  return {
    port: (server.address() as { port: number }).port,
    settle: settleAll,
    close: () =>
      new Promise((resolve) => {
        clearInterval(look)
        for (const { socket } of open) socket.destroy()
        server.close(() => resolve())
      }),
  }
}
