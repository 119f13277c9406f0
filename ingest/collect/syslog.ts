/**
 * Syslog over UDP (RFC 5426) and TCP (RFC 6587: octet counting and newline framing), IPv4 and IPv6. A message is one
 * record of the spool, its header included: parsers read RFC 5424 and RFC 3164 alike. A source is known by its sender.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { createServer, type Server, type Socket } from 'node:net'
import { canonicalAddress, type Network, parseCidr, parseIp, within } from '../ip.ts'
import type { Ingest } from '../ingest.ts'
import { type Source, UNKNOWN_SOURCE } from '../source.ts'

/** A frame longer than this ends its connection: the stream has lost its framing. */
const LONGEST = 4 * 1024 * 1024
/** Bytes of frames that are not whole, over all connections: who would hold more is cut off. Anybody may connect. */
const MOST_HELD = 256 * 1024 * 1024
const MOST_CONNECTIONS = 4000
/** Bytes that wait for the disk before datagrams are dropped, and counted. */
const MOST_WAITING = 64 * 1024 * 1024

export interface Syslog {
  /** Ports that are really bound. */
  readonly udp?: number
  readonly tcp?: number
  close(): Promise<void>
}

const split = (address: string): { host: string; port: number } => {
  const [, host, port] = /^\[?([^\]]*)\]?:(\d+)$/.exec(address)!
  return { host: host!, port: Number(port) }
}

/** Rejects with a sentence where a port cannot be had. */
export const openSyslog = async (
  listen: { readonly udp?: string | undefined; readonly tcp?: string | undefined },
  sources: readonly Source[],
  ingest: Ingest,
  warn: (message: string) => void,
): Promise<Syslog> => {
  const senders: { network: Network; id: string }[] = sources.flatMap(({ id, collect }) =>
    collect.kind === 'syslog' ? collect.from.map((from) => ({ network: parseCidr(from)!, id })) : [],
  )
  // The longest prefix wins: an address before the network that holds it.
  senders.sort((a, b) => b.network.bits - a.network.bits)
  const known = new Map<string, string>()
  const sourceOf = (peer: string): string => {
    let id = known.get(peer)
    if (id === undefined) {
      const ip = parseIp(peer)
      id = (ip && senders.find(({ network }) => within(ip, network))?.id) ?? UNKNOWN_SOURCE
      if (known.size > 10_000) known.clear()
      known.set(peer, id)
    }
    return id
  }
  let waiting = 0
  let warned = 0
  const accept = async (messages: Buffer[], peer: string): Promise<void> => {
    const size = messages.reduce((sum, message) => sum + message.length, 0)
    waiting += size
    try {
      await ingest.accept(sourceOf(peer), messages, peer)
    } catch (error) {
      ingest.drop(sourceOf(peer), messages.length)
      if (performance.now() - warned > 60_000) {
        warned = performance.now()
        warn(`syslog of ${peer} could not be written to the spool: ${(error as Error).message}`)
      }
      throw error
    } finally {
      waiting -= size
    }
  }

  const opened: { udp?: number; tcp?: number } = {}
  const closers: (() => Promise<void>)[] = []
  const failed = (kind: string, address: string, error: NodeJS.ErrnoException): Error =>
    new Error(
      error.code === 'EADDRINUSE'
        ? `the syslog port ${address} (${kind}) is taken by another program: stop that one, or choose another port under syslog: ${kind}:`
        : error.code === 'EACCES'
          ? `the syslog port ${address} (${kind}) needs more rights: choose a port above 1023, or allow this user to bind it`
          : `the syslog port ${address} (${kind}) cannot be opened: ${error.message}`,
    )

  if (listen.udp) {
    const { host, port } = split(listen.udp)
    const socket: UdpSocket = createSocket({
      type: host.includes(':') ? 'udp6' : 'udp4',
      recvBufferSize: 8 * 1024 * 1024,
    })
    socket.on('message', (message, { address }) => {
      const peer = canonicalAddress(address) ?? address
      if (waiting > MOST_WAITING) ingest.drop(sourceOf(peer), 1)
      else accept([trim(message)], peer).catch(() => {})
    })
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => reject(failed('udp', listen.udp!, error)))
      socket.bind(port, host, () => resolve())
    })
    socket.on('error', (error) => warn(`syslog over UDP: ${error.message}`))
    opened.udp = socket.address().port
    closers.push(() => new Promise<void>((resolve) => void socket.close(() => resolve())))
  }
  if (listen.tcp) {
    const { host, port } = split(listen.tcp)
    const sockets = new Set<Socket>()
    const holding = { bytes: 0 }
    const server: Server = createServer((socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      socket.on('error', () => socket.destroy())
      receive(socket, accept, warn, holding)
    })
    server.maxConnections = MOST_CONNECTIONS
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(failed('tcp', listen.tcp!, error)))
      server.listen(port, host, () => resolve())
    })
    opened.tcp = (server.address() as { port: number }).port
    closers.push(
      () =>
        new Promise((resolve) => {
          for (const socket of sockets) socket.destroy()
          server.close(() => resolve())
        }),
    )
  }
  return {
    ...opened,
    close: async () => {
      for (const close of closers) await close()
    },
  }
}

const trim = (message: Buffer): Buffer => {
  let end = message.length
  while (end > 0 && (message[end - 1] === 10 || message[end - 1] === 13 || message[end - 1] === 0)) end--
  return message.subarray(0, end)
}

/** Frames of one connection; while they are written the socket is paused, so a sender waits instead of losing. */
const receive = (
  socket: Socket,
  accept: (messages: Buffer[], peer: string) => Promise<void>,
  warn: (message: string) => void,
  holding: { bytes: number },
): void => {
  const peer = canonicalAddress(socket.remoteAddress ?? '') ?? 'unknown'
  let held: Buffer = Buffer.alloc(0)
  const take = async (chunk: Buffer, last: boolean) => {
    const before = held.length
    held = held.length ? Buffer.concat([held, chunk]) : chunk
    const { messages, rest, lost } = frames(held, last)
    held = Buffer.from(rest)
    holding.bytes += held.length - before
    if (messages.length) await accept(messages, peer)
    const reason =
      lost ??
      (held.length > LONGEST
        ? `a frame is longer than ${LONGEST} bytes`
        : holding.bytes > MOST_HELD && held.length > 0
          ? `all connections together hold more than ${MOST_HELD} bytes of frames that are not whole`
          : undefined)
    if (reason === undefined) return
    warn(`syslog over TCP from ${peer}: ${reason}; the connection is closed`)
    socket.destroy()
  }
  let chain = Promise.resolve()
  socket.on('data', (chunk: Buffer) => {
    socket.pause()
    chain = chain
      .then(() => take(chunk, false))
      // Not written: the connection is closed, so the sender knows that it has to send again.
      .then(
        () => void socket.resume(),
        () => void socket.destroy(),
      )
  })
  socket.on('close', () => {
    chain = chain.then(() => {
      holding.bytes -= held.length
      held = Buffer.alloc(0)
    })
  })
  socket.on('end', () => {
    chain = chain.then(() => take(Buffer.alloc(0), true)).catch(() => {})
  })
}

/** RFC 6587: `<length> <message>` where a frame begins with a digit 1-9, else up to LF. */
export const frames = (bytes: Buffer, last: boolean): { messages: Buffer[]; rest: Buffer; lost?: string } => {
  const messages: Buffer[] = []
  let at = 0
  while (at < bytes.length) {
    const first = bytes[at]!
    if (first >= 0x31 && first <= 0x39) {
      const space = bytes.indexOf(32, at)
      if (
        (space < 0 && bytes.length - at <= 10) ||
        (space >= 0 && space - at <= 10 && /^\d+$/.test(bytes.toString('latin1', at, space)))
      ) {
        if (space < 0) break
        const length = Number(bytes.toString('latin1', at, space))
        if (length > LONGEST)
          return { messages, rest: bytes.subarray(bytes.length), lost: `a frame of ${length} bytes was announced` }
        if (space + 1 + length > bytes.length) {
          if (!last) break
          messages.push(trim(bytes.subarray(space + 1)))
          at = bytes.length
          continue
        }
        messages.push(trim(bytes.subarray(space + 1, space + 1 + length)))
        at = space + 1 + length
        continue
      }
    }
    const lf = bytes.indexOf(10, at)
    if (lf < 0) {
      if (!last) break
      messages.push(trim(bytes.subarray(at)))
      at = bytes.length
    } else {
      if (lf > at) messages.push(trim(bytes.subarray(at, lf)))
      at = lf + 1
    }
  }
  return { messages: messages.filter((message) => message.length > 0), rest: bytes.subarray(at) }
}
