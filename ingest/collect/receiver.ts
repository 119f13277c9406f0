/**
 * Syslog over TCP, and over TLS (RFC 5425). Frames are handed over while those before them are still written, so one sync serves all that wait;
 * where too many wait, or their reader is behind, reads pause and the sender waits. Anybody may connect: connections and
 * bytes are bounded by sender, for all unknown senders together, and in all.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls'
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
  readonly known: (peer: string, port: number) => boolean
  /** Resolves when they are on disk. */
  readonly accept: (messages: Frames, peer: string, port: number) => Promise<void>
  /** Whether lines of this sender have to wait. */
  readonly waits: (peer: string, port: number) => boolean
  readonly notices: Notices
  /** Absent: in plain text. */
  readonly tls?: Tls | undefined
  /** What all receivers of a process bound together. */
  readonly shares: Shares
}
/** PEM. With `ca` a sender has to show a certificate of that authority. */
export interface Tls {
  readonly cert: Buffer
  readonly key: Buffer
  readonly ca?: Buffer
}
export interface Receiver {
  readonly port: number
  /** Looks again who has to wait. */
  settle(): void
  /** Certificates for the connections that come from now on. */
  renew(tls: Tls): void
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
/** ms that a sender may take to show who it is. */
const HANDSHAKE = 10_000

/** What is counted of a sender, of the unknown ones, of all. */
interface Share {
  connections: number
  held: number
}
export interface Shares {
  readonly all: Share
  readonly unknown: Share
  readonly senders: Map<string, Share>
  /** Bytes that wait for the disk. */
  waiting: number
  /** Looks again who has to wait, of each receiver. */
  readonly settle: Set<() => void>
}
export const openShares = (): Shares => ({
  all: { connections: 0, held: 0 },
  unknown: { connections: 0, held: 0 },
  senders: new Map(),
  waiting: 0,
  settle: new Set(),
})
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
  const { longest, notices, idle, shares: together } = options
  const { all, unknown, senders } = together
  const open = new Set<Connection>()
  const paused = new Set<Connection>()
  /** With those that still shake hands. */
  const sockets = new Set<Socket>()
  let bound = options.port
  const hasDescriptor = openDescriptors()

  const refused = (reason: string) =>
    notices.add(
      'syslog-refused',
      1,
      (total) =>
        `${counted(total, 'syslog connection was', 'syslog connections were')} refused since the start, the last because ${reason}`,
    )
  const settle = (each: Connection) => {
    const wait = each.waiting > WAITING || together.waiting > ALL_WAITING || options.waits(each.peer, bound)
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

  const receive = (raw: Socket) => {
    const peer = canonicalAddress(raw.remoteAddress ?? '') ?? 'unknown'
    const known = options.known(peer, bound)
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
      raw.destroy()
      return
    }
    const shares = known ? [all, mine] : [all, mine, unknown]
    senders.set(sender, mine)
    for (const share of shares) share.connections++
    raw.on('error', () => raw.destroy())
    sockets.add(raw)
    raw.on('close', () => {
      sockets.delete(raw)
      for (const share of shares) share.connections--
      if (mine.connections === 0) senders.delete(sender)
    })
    if (secure) secure(raw, peer, (socket) => read(socket, peer, known, mine, shares))
    else read(raw, peer, known, mine, shares)
  }
  const read = (socket: Socket, peer: string, known: boolean, mine: Share, shares: readonly Share[]) => {
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
      together.waiting += size
      options
        .accept(messages, peer, bound)
        // Not written: the connection is closed, so the sender knows that it has to send again.
        .catch(() => void socket.destroy())
        .then(() => {
          const over = together.waiting > ALL_WAITING
          connection.waiting -= size
          together.waiting -= size
          if (over && together.waiting <= ALL_WAITING) for (const each of together.settle) each()
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
    })
    settle(connection)
  }

  const tls = options.tls && openTls(options.tls, refused)
  const secure = tls?.secure
  together.settle.add(settleAll)
  const server: Server = createServer(receive)
  // One more than is allowed is refused with its reason; the kernel's queue holds the rest.
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => resolve())
  })
  server.on('error', (error) => refused(error.message))
  bound = (server.address() as { port: number }).port
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
    port: bound,
    settle: settleAll,
    renew: (next) => tls?.renew(next),
    close: () =>
      new Promise((resolve) => {
        clearInterval(look)
        together.settle.delete(settleAll)
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

/** A name out of a certificate, which its owner wrote. */
const plainName = (text: unknown): string =>
  String(text)
    .replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?')
    .slice(0, 100)

/** Shakes hands over connections that were let in; who shows no certificate of the authority is closed, with a sentence. */
const openTls = (first: Tls, refused: (reason: string) => void) => {
  const settings = (tls: Tls) => ({ ...tls, minVersion: 'TLSv1.2' as const })
  const demands = first.ca !== undefined
  const server: TlsServer = createTlsServer({
    ...settings(first),
    requestCert: demands,
    // Looked at here, so that it can be said why one was refused.
    rejectUnauthorized: false,
    handshakeTimeout: HANDSHAKE,
  })
  const waiting = new Map<string, { peer: string; ready: (socket: Socket) => void }>()
  const keyOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`
  server.on('secureConnection', (socket: TLSSocket) => {
    socket.on('error', () => socket.destroy())
    const known = waiting.get(keyOf(socket))
    if (!known) return socket.destroy()
    if (demands && !socket.authorized) {
      const name = socket.getPeerCertificate()?.subject?.CN
      refused(
        name === undefined
          ? `${known.peer} showed no certificate over TLS: give it one of the authority that syslog: tls: ca names`
          : `the certificate "${plainName(name)}" of ${known.peer} is not one that is valid now and of the authority that syslog: tls: ca names (${plainName(socket.authorizationError)})`,
      )
      return socket.destroy()
    }
    return known.ready(socket)
  })
  server.on('tlsClientError', (error, socket) => {
    const peer = waiting.get(keyOf(socket))?.peer ?? 'somebody'
    refused(`${peer} and this server found no way to speak TLS (${plainName(error.message)})`)
    socket.destroy()
  })
  return {
    secure: (raw: Socket, peer: string, ready: (socket: Socket) => void): void => {
      const key = keyOf(raw)
      waiting.set(key, { peer, ready })
      raw.on('close', () => waiting.delete(key))
      server.emit('connection', raw)
    },
    renew: (tls: Tls): void => server.setSecureContext(settings(tls)),
  }
}
