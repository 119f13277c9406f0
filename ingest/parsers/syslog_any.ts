/**
 * Syslog of any program, as the last resort: who said it, and what. The header (RFC 3164, RFC 5424) is taken off before the parser;
 * of the message nothing is made.
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import type { Row } from '../row/row.ts'
import { type Answer, EVENT, type LineContext, type Parser, SKIP } from './parser.ts'

const F = {
  time: field('@timestamp'),
  message: field('message'),
  level: field('log.level'),
  process: field('process.name'),
  pid: field('process.pid'),
  host: field('host.name'),
} as const
/** RFC 5424 §6.2.1. */
const LEVELS = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'informational', 'debug'].map(constant)

/** Program, process and host of a header, as every parser of a program's messages says them. */
export const putProgram = (row: Row, { header }: LineContext): void => {
  if (header?.tag !== undefined) row.const(F.process, constant(header.tag))
  if (header?.pid !== undefined) row.long(F.pid, header.pid)
  if (header?.host !== undefined) row.const(F.host, constant(header.host.toLowerCase()))
}

const parse = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const { bytes: b } = row
  let at = from
  while (at < to && b[at]! <= 32) at++
  let end = to
  while (end > at && b[end - 1]! <= 32) end--
  if (at === end && context.header === undefined) return SKIP
  row.long(F.time, context.header?.time ?? context.arrived)
  row.text(F.message, at, end)
  const priority = context.header?.priority
  if (priority !== undefined) row.const(F.level, LEVELS[priority & 7]!)
  putProgram(row, context)
  return EVENT
}

export const syslogAny: Parser<Record<string, never>> = {
  id: 'syslog',
  title: 'Syslog of any program',
  options: z.strictObject({}),
  logsources: [{ service: 'syslog' }, { product: 'linux', service: 'syslog' }],
  settings: [
    {
      collect: 'syslog',
      where: '/etc/rsyslog.d/30-vonglau.conf',
      text: ({ host, port, tcp }) =>
        `*.* ${tcp ? '@@' : '@'}${host.includes(':') ? `[${host}]` : host}:${port};RSYSLOG_SyslogProtocol23Format\n`,
    },
  ],
  open: () => parse,
}
