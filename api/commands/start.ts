/** `vonglau start`. */
import { openClock } from '../../ingest/clock.ts'
import type { Config, ServerRole } from '../config.ts'
import { reloadedText } from '../reloaded.ts'
import { startServer } from '../server.ts'
import { printable } from './printable.ts'

/** ms that a stop may take: whoever stops a service kills it a little later. */
const PATIENCE = 10_000

export const start = async (config: Config, roles: readonly ServerRole[]): Promise<void> => {
  const say = (message: string) => process.stdout.write(`${new Date().toISOString()} ${printable(message)}\n`)
  const running = await startServer(config, { clock: openClock(), roles, say, warn: say })
  running.begin()
  if (running.first) {
    process.stdout.write(
      `\n  The first administrator was created. This password is shown once and has to be changed at the first sign-in:\n\n      ${running.first.username}\n      ${running.first.password}\n\n  Lost it? npm run vonglau -- users reset ${running.first.username}\n\n`,
    )
  }
  say(roles.includes('api') ? `the console is at ${running.url}` : `${roles.join(' and ')} at ${running.url}`)
  if (running.syslog.udp) say(`syslog over UDP on port ${running.syslog.udp}`)
  if (running.syslog.tcp) say(`syslog over TCP on port ${running.syslog.tcp}`)
  if (running.syslog.tls) say(`syslog over TLS on port ${running.syslog.tls}`)
  if (config.sources.length === 0 && roles.includes('api'))
    say(`no sources are configured yet: ${running.url}/sources shows what to set on a FortiGate, nginx and IIS`)
  process.on('SIGHUP', () => {
    running.installation.reload().then(
      (changes) => say(reloadedText(changes)),
      (error: Error) => say(`all stays as it is: ${error.message}`),
    )
  })
  await untilStopped()
  say('stopping: what has arrived is written first')
  const late = setTimeout(() => {
    say(
      'not all could be written in time: what was accepted is in the spool and the files, and is read at the next start',
    )
    process.exit(0)
  }, PATIENCE)
  await running.stop()
  clearTimeout(late)
  process.exit(0)
}

export const untilStopped = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => resolve())
  })
