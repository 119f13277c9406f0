/**
 * Authentication of Linux: OpenSSH's sshd, sudo, su, PAM, logind, cron, and the tools that change accounts, as they write to the
 * facilities auth and authpriv (sshd(8), auth.c of OpenSSH; sudoers(5) "LOG FORMAT"; pam_unix(8)). A user's name is what a client sent
 * and may spell anything, so addresses are read from the end of a message.
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { expected } from './clf.ts'
import { sayLogin } from './linux_messages.ts'
import { type Answer, EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { isoTime } from './stamp.ts'

const F = {
  time: field('@timestamp'),
  message: field('message'),
  process: field('process.name'),
  pid: field('process.pid'),
  host: field('host.name'),
  category: field('event.category'),
  type: field('event.type'),
} as const
const SYSTEM = constant('host')
const INFO = constant('info')
const processes = new Memo((text) => constant(text.replace(/^.*\//, '').replace(/^\((.*)\)$/, '$1')))
const hosts = new Memo((text) => constant(text.toLowerCase()))

const parse = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const { bytes: b } = row
  let at = from
  while (at < to && b[at]! <= 32) at++
  let end = to
  while (end > at && b[end - 1]! <= 32) end--
  if (at === end) return SKIP
  const { header } = context
  if (header?.tag === undefined) return expected(row, 'a syslog header with a program, such as `sshd[123]:`', from, to)
  // systemd-journald forwards with a time of its own before the message.
  const time = header.time ?? isoTime(b, at, end, context.timezone)
  row.long(F.time, Number.isNaN(time) ? context.arrived : time)
  const name = processes.get(ENCODED.encode(header.tag), 0, ENCODED.length)
  row.const(F.process, name)
  if (header.pid !== undefined) row.long(F.pid, header.pid)
  if (header.host !== undefined) {
    const text = ENCODED.encode(header.host)
    row.const(F.host, hosts.get(text, 0, ENCODED.length))
  }
  row.text(F.message, at, end)
  if (!sayLogin(row, name.text, at, end)) {
    row.list(F.category)
    row.constItem(SYSTEM)
    row.list(F.type)
    row.constItem(INFO)
  }
  return EVENT
}
/** Of a short text its bytes, in memory that is used again. */
const ENCODED = {
  bytes: new Uint8Array(1024),
  length: 0,
  encode(text: string): Uint8Array {
    this.length = new TextEncoder().encodeInto(text, this.bytes).written
    return this.bytes
  },
}

export const linuxAuth: Parser<Record<string, never>> = {
  id: 'linux_auth',
  title: 'Linux sign-ins (sshd, sudo, su, PAM)',
  options: z.strictObject({}),
  logsources: [
    { product: 'linux', service: 'auth' },
    { product: 'linux', service: 'sshd', where: ['process.name', 'sshd'] },
    { product: 'linux', service: 'sudo', where: ['process.name', 'sudo'] },
  ],
  settings: [
    {
      collect: 'syslog',
      where: '/etc/rsyslog.d/30-vonglau.conf',
      text: ({ host, port, tcp }) =>
        `auth,authpriv.* ${tcp ? '@@' : '@'}${host.includes(':') ? `[${host}]` : host}:${port};RSYSLOG_SyslogProtocol23Format\n`,
    },
  ],
  open: () => parse,
}
