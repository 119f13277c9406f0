/** Writes due lines the way their sources would: into files, as syslog from the device's address, by HTTP. */
import { createSocket, type Socket } from 'node:dgram'
import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Source } from '../../ingest/source.ts'
import type { Due } from './seed.ts'

export interface Sender {
  send(due: readonly Due[]): Promise<void>
  close(): void
}

/** `syslog`: the UDP port; `url`: where /ingest is. */
export const createSender = (sources: readonly Source[], syslog: number | undefined, url: string): Sender => {
  const byId = new Map(sources.map((source) => [source.id, source]))
  const sockets = new Map<string, Promise<Socket>>()
  const socketOf = (address: string) => {
    let socket = sockets.get(address)
    if (!socket) {
      const made = createSocket('udp4')
      socket = new Promise((resolve, reject) => {
        made.once('error', reject)
        made.bind(0, address, () => resolve(made))
      })
      sockets.set(address, socket)
    }
    return socket
  }
  return {
    send: async (due) => {
      const lines = new Map<string, string[]>()
      for (const { source, line } of due) {
        if (!lines.has(source)) lines.set(source, [])
        lines.get(source)!.push(line)
      }
      for (const [id, batch] of lines) {
        const source = byId.get(id)
        if (!source) throw new Error(`the seed lines of "${id}" belong to no source of the demo's configuration`)
        const { collect } = source
        if (collect.kind === 'file') {
          mkdirSync(dirname(collect.path), { recursive: true })
          appendFileSync(collect.path, `${batch.join('\n')}\n`)
        } else if (collect.kind === 'http') {
          const response = await fetch(`${url}/ingest/${id}`, {
            method: 'POST',
            headers: { authorization: `Bearer ${collect.token}` },
            body: `${batch.join('\n')}\n`,
          })
          if (!response.ok) throw new Error(`the demo's lines of ${id} were refused: ${await response.text()}`)
        } else if (syslog !== undefined) {
          const socket = await socketOf(collect.from[0]!)
          // A datagram may be lost where many come at once: a few at a time.
          for (let i = 0; i < batch.length; i += 50) {
            await Promise.all(
              batch
                .slice(i, i + 50)
                .map(
                  (line) =>
                    new Promise<void>((resolve, reject) =>
                      socket.send(line, syslog, '127.0.0.1', (error) => (error ? reject(error) : resolve())),
                    ),
                ),
            )
            await new Promise((resolve) => setImmediate(resolve))
          }
        }
      }
    },
    close: () => {
      for (const socket of sockets.values()) socket.then((each) => each.close()).catch(() => {})
    },
  }
}
