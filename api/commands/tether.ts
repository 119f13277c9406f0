/**
 * Stops the program when the launcher that began it is gone, which cannot pass on a kill. `VONGLAU_TETHER` names the
 * descriptor of a pipe whose other end only the launcher holds: its end of file is the launcher's.
 */
import { Socket } from 'node:net'

/** ms of a stop in good order, before it ends the hard way. */
const PATIENCE = 10_000

export const holdOnTo = (descriptor: string | undefined): void => {
  if (descriptor === undefined) return
  delete process.env['VONGLAU_TETHER']
  let pipe: Socket
  try {
    pipe = new Socket({ fd: Number(descriptor), readable: true, writable: false })
  } catch {
    return // begun by hand with the variable of another
  }
  const stop = () => {
    // A command that does not listen for it is ended by it, as by a terminal that was closed.
    process.kill(process.pid, 'SIGTERM')
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), PATIENCE).unref()
  }
  pipe.on('error', stop)
  pipe.on('end', stop)
  pipe.resume()
  pipe.unref()
}
