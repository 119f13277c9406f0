/** An installation for a command: through the running server by its socket, else opened by the command itself. */
import { connect } from 'node:net'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { openClock } from '../../ingest/clock.ts'
import { type Config, socketPath } from '../config.ts'
import { createControl, type Request } from '../control.ts'
import { openInstallation } from '../installation.ts'
import { tell } from './printable.ts'

export type Answer = { readonly [key: string]: unknown }

export const reach = async function* (config: Config, request: Request): AsyncIterable<Answer> {
  const path = socketPath(config)
  const socket = existsSync(path) ? await dial(path) : undefined
  if (socket) {
    socket.write(`${JSON.stringify(request)}\n`)
    for await (const line of createInterface({ input: socket })) {
      const answer = JSON.parse(line) as Answer
      if (answer['done']) return
      if (typeof answer['error'] === 'string') throw new Error(answer['error'])
      yield answer
    }
    throw new Error('the server went away before it had answered: ask again')
  }
  const installation = await openInstallation(config, {
    clock: openClock(),
    most: 60_000,
    // Beside the threads that parse and append there is no processor left; the others would spin.
    threads: 1,
    warn: tell,
  })
  try {
    const openAuth = async () =>
      (await import('../auth/auth.ts')).createAuth(installation.store.documents, {
        url: 'http://localhost',
        secure: false,
        clock: Date.now,
      })
    for await (const line of createControl(installation, openAuth)(JSON.stringify(request)))
      yield JSON.parse(line) as Answer
  } finally {
    await installation.close()
  }
}

/** Undefined where nobody listens: a server that was killed leaves its socket behind. */
const dial = (path: string) =>
  new Promise<ReturnType<typeof connect> | undefined>((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(socket))
    socket.once('error', () => resolve(undefined))
  })

/** Whether a server answers at this socket. */
export const listens = async (path: string): Promise<boolean> => {
  const socket = existsSync(path) ? await dial(path) : undefined
  socket?.destroy()
  return socket !== undefined
}
