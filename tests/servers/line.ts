/**
 * A line to a server that fails as lines do: an answer is lost, or a request is stuck somewhere and arrives when its
 * sender has long given it up. Speaks enough of HTTP/1.1 to know where a request ends.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface Line {
  readonly url: string
  /** The next request that matches (its first line) is carried out, its answer is lost, after `first` has happened. */
  loseAnswer(request: RegExp, first?: () => Promise<void>): void
  /** The next request that matches is kept, its connection broken. Answers how to let it arrive: with what it was answered. */
  hold(request: RegExp): { arrive(): Promise<string> }
  /** Keeps and loses nothing more; what is kept can still be let arrive. */
  pass(): void
  /** How many requests were failed so far. */
  failed(): number
  close(): Promise<void>
}

export const openLine = async (target: string): Promise<Line> => {
  const { hostname, port } = new URL(target)
  const to = { host: hostname, port: Number(port) }
  const lose: { request: RegExp; first: () => Promise<void> }[] = []
  const holds: { request: RegExp; held?: Buffer; waiting: (() => void)[] }[] = []
  let failed = 0
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    return socket
  }
  const server = createServer((client) => {
    keep(client)
    const upstream = keep(connect(to))
    let buffer = Buffer.alloc(0)
    let losing: (() => Promise<void>) | undefined
    upstream.on('data', (chunk) => {
      if (!losing) return void client.write(chunk)
      const first = losing
      losing = async () => {}
      if (client.destroyed) return
      failed++
      void first().finally(() => {
        client.destroy()
        upstream.destroy()
      })
    })
    upstream.on('close', () => client.destroy())
    client.on('close', () => upstream.destroy())
    client.on('data', (chunk) => {
      buffer = Buffer.concat([buffer, chunk])
      for (;;) {
        const end = buffer.indexOf('\r\n\r\n')
        if (end < 0) return
        const head = buffer.toString('latin1', 0, end)
        const length = end + 4 + Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
        if (buffer.length < length) return
        const request = buffer.subarray(0, length)
        buffer = buffer.subarray(length)
        const line = head.split('\r\n')[0]!
        const hold = holds.find((each) => !each.held && each.request.test(line))
        if (hold) {
          hold.held = Buffer.from(request)
          for (const waiting of hold.waiting) waiting()
          failed++
          client.destroy()
          upstream.destroy()
          return
        }
        const at = lose.findIndex((each) => each.request.test(line))
        if (at >= 0) losing = lose.splice(at, 1)[0]!.first
        upstream.write(request)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseAnswer: (request, first = async () => {}) => void lose.push({ request, first }),
    hold: (request) => {
      const hold: (typeof holds)[number] = { request, waiting: [] }
      holds.push(hold)
      return {
        arrive: async () => {
          if (!hold.held) await new Promise<void>((resolve) => hold.waiting.push(resolve))
          const late = keep(connect(to))
          return new Promise((resolve) => {
            late.once('data', (chunk) => {
              resolve(chunk.toString())
              late.destroy()
            })
            late.write(hold.held!)
          })
        },
      }
    },
    pass: () => {
      lose.length = 0
      holds.length = 0
    },
    failed: () => failed,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
