/** Events in ArcSight's Common Event Format of any product that has no parser of its own. */
import { z } from 'zod'
import type { Row } from '../row/row.ts'
import { cefAt, putCef } from './cef_event.ts'
import { CEF_RULES } from './cef_fields.ts'
import { expected } from './clf.ts'
import { type Answer, type LineContext, type Parser, SKIP } from './parser.ts'
import { Plan } from './plan.ts'

/** As parsers imported it before the format had a parser. */
export { scanCef } from './cef_scan.ts'

const plan = new Plan('cef.extensions.', CEF_RULES)
const parse = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const { bytes: b } = row
  let at = from
  while (at < to && b[at]! <= 32) at++
  if (at === to) return SKIP
  const begin = cefAt(b, at, to)
  return begin < 0 ? expected(row, 'CEF:version|vendor|product|…', at, to) : putCef(row, begin, to, context, plan)
}

export const cef: Parser<Record<string, never>> = {
  id: 'cef',
  title: 'CEF (ArcSight Common Event Format)',
  options: z.strictObject({}),
  logsources: [],
  settings: [
    {
      collect: 'syslog',
      where: 'syslog, CEF',
      text: ({ host, port, tcp }) => `${tcp ? 'tcp' : 'udp'} ${host} ${port}\n`,
    },
  ],
  open: () => parse,
}
