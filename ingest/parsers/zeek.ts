/**
 * Zeek's logs, as JSON (LogAscii::use_json, json-streaming-logs) and as TSV, whose header lines say which columns follow, until
 * the next header: https://docs.zeek.org/en/current/log-formats.html . Which log a line is of is said by `_path` or `#path`;
 * where nothing says it, by its fields.
 */
import { z } from 'zod'
import { type Const, constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { integer, is } from '../row/values.ts'
import { expected } from './clf.ts'
import { putDirection, putTotals } from './flow.ts'
import { CUT, readJson } from './json.ts'
import { STRING } from './leaves.ts'
import { type Answer, EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { Plan, timeOf } from './plan.ts'
import { COMMON, LOGS } from './zeek_logs.ts'
import { ID, idOf, isFalse, isTrue, leaves } from './zeek_leaves.ts'
import { putOwn } from './zeek_own.ts'
import type { Log } from './zeek_more.ts'
import { headerLine, layoutOf, readTsv } from './zeek_tsv.ts'

const F = {
  time: field('@timestamp'),
  kind: field('event.kind'),
  category: field('event.category'),
  type: field('event.type'),
  action: field('event.action'),
  outcome: field('event.outcome'),
  transport: field('network.transport'),
  protocol: field('network.protocol'),
  log: field('zeek.log'),
  vendor: field('observer.vendor'),
  product: field('observer.product'),
  observer: field('observer.type'),
  hostName: field('host.name'),
} as const
const ZEEK = constant('Zeek')
const SENSOR = constant('sensor')
const SUCCESS = constant('success')
const FAILURE = constant('failure')

interface Known {
  readonly path: string
  readonly is: Const
  readonly plan: Plan
  readonly log: Log
  readonly kind: Const | undefined
  readonly category: readonly Const[]
  readonly type: readonly Const[]
  readonly transport: Const | undefined
  readonly protocol: Const | undefined
  readonly action: number
  readonly outcome: number
  readonly known: readonly (readonly number[])[]
}
const open = (path: string, log: Log): Known => ({
  path,
  is: constant(path),
  plan: new Plan(`zeek.${log.name ?? path}.`, { ...COMMON, ...log.rules }),
  log,
  kind: log.kind === undefined ? undefined : constant(log.kind),
  category: (log.category ?? []).map(constant),
  type: (log.type ?? []).map(constant),
  transport: log.transport === undefined ? undefined : constant(log.transport),
  protocol: log.protocol === undefined ? undefined : constant(log.protocol),
  action: log.action === undefined ? 0 : idOf(log.action),
  outcome: log.outcome === undefined ? 0 : idOf(log.outcome),
  known: log.known.map((group) => group.map(idOf)),
})
const KNOWN: readonly Known[] = Object.entries(LOGS).map(([path, log]) => open(path, log))
/** A log of a package or of a later version: what stands there, under its own name. */
const OTHER = open('other', { category: ['network'], type: ['info'], known: [] })
const others = new Memo((path): Known | undefined => {
  const known = KNOWN.find((each) => each.path === path || (path === 'conn_long' && each.path === 'conn'))
  if (known) return known
  return /^[a-z][a-z0-9_]{1,40}$/.test(path) && opened++ < MOST_OPENED
    ? open(path, { category: ['network'], type: ['info'], known: [] })
    : undefined
})
/** Names of logs are few; a sender who makes them up gets no more. */
const MOST_OPENED = 128
let opened = 0

const guessed = (): Known | undefined =>
  KNOWN.find(({ known }) => known.some((group) => group.every((id) => leaves.has(id))))

const putOutcome = (row: Row, path: string, id: number): void => {
  const i = leaves.at[id]!
  const b = row.bytes
  if (path === 'modbus') {
    row.const(F.outcome, i < 0 ? SUCCESS : FAILURE)
    return
  }
  if (i < 0) return
  const [from, to] = [leaves.from[i]!, leaves.to[i]!]
  if (from === to) return
  const status = integer(b, from, to)
  if (status >= 100) row.const(F.outcome, status < 400 ? SUCCESS : FAILURE)
  else if (isTrue(b, i) || GOOD.some((word) => is(b, from, to, word))) row.const(F.outcome, SUCCESS)
  else if (isFalse(b, i) || leaves.kind[i] === STRING) row.const(F.outcome, FAILURE)
}
const GOOD = ['NOERROR', 'SUCCESS', 'success', 'succeeded']

const say = (row: Row, known: Known, context: LineContext, from: number, to: number): Answer => {
  const { at } = leaves
  const when = at[ID.ts]!
  const time = when < 0 ? Number.NaN : timeOf(row.bytes, leaves.from[when]!, leaves.to[when]!, 'UTC')
  if (Number.isNaN(time)) return expected(row, 'ts in seconds or as RFC 3339', when < 0 ? from : leaves.from[when]!, to)
  row.long(F.time, time)
  row.const(F.log, known.is)
  row.const(F.vendor, ZEEK)
  row.const(F.product, ZEEK)
  row.const(F.observer, SENSOR)
  if (known.kind) row.const(F.kind, known.kind)
  known.plan.put(row, leaves, context.timezone)
  if (known.category.length > 0) {
    row.list(F.category)
    for (const each of known.category) row.constItem(each)
  }
  if (known.type.length > 0) {
    row.list(F.type)
    for (const each of known.type) row.constItem(each)
  }
  if (known.transport && !row.has(F.transport)) row.const(F.transport, known.transport)
  if (known.protocol && !row.has(F.protocol)) row.const(F.protocol, known.protocol)
  const action = known.action > 0 ? at[known.action]! : -1
  if (action >= 0 && action !== leaves.cut) row.text(F.action, leaves.from[action]!, leaves.to[action]!)
  if (known.outcome > 0) putOutcome(row, known.path, known.outcome)
  putOwn(row, known.path)
  putTotals(row)
  putDirection(row)
  return EVENT
}
const json = (row: Row, from: number, to: number, context: LineContext): Answer => {
  leaves.clear()
  let answer = readJson(row, from, to, leaves)
  const [raw, host] = [leaves.at[ID.raw]!, leaves.at[ID.rawHost]!]
  // A search of Splunk hands over its events so.
  if (raw >= 0) {
    const [a, z] = [leaves.from[raw]!, leaves.to[raw]!]
    if (host >= 0) row.text(F.hostName, leaves.from[host]!, leaves.to[host]!)
    leaves.clear()
    answer = readJson(row, a, z, leaves)
  }
  if (answer >= 0) return expected(row, 'JSON', answer, to)
  const path = leaves.at[ID.path]!
  const named = path < 0 ? undefined : others.get(row.bytes, leaves.from[path]!, leaves.to[path]!)
  const known = named ?? guessed() ?? (leaves.has(ID.orig) ? OTHER : undefined)
  if (!known) return expected(row, `fields of a Zeek log${answer === CUT ? ' before the line was cut' : ''}`, from, to)
  return say(row, known, context, from, to)
}

const parse = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const { bytes: b } = row
  let at = from
  while (at < to && (b[at] === 32 || b[at] === 13)) at++
  if (at === to) return SKIP
  if (b[at] === 123) return json(row, at, to, context)
  if (b[at] === 35) return headerLine(row, at, to, context)
  const layout = layoutOf(context.state)
  if (!layout) return expected(row, 'JSON, or #fields before the columns of a Zeek log', at, to)
  leaves.clear()
  const problem = readTsv(row, from, to, layout, leaves)
  if (problem !== undefined) return problem
  const known = others.get(layout.path, 0, layout.path.length) ?? guessed() ?? OTHER
  return say(row, known, context, from, to)
}

const service = (
  name: string,
): { product: string; service: string; taxonomy: 'zeek'; vendor: string; where: [string, string] } => ({
  product: 'zeek',
  service: name,
  taxonomy: 'zeek',
  vendor: `zeek.${LOGS[name]?.name ?? name}.`,
  where: ['zeek.log', name],
})

export const zeek: Parser<Record<string, never>> = {
  id: 'zeek',
  title: 'Zeek (JSON, TSV)',
  options: z.strictObject({}),
  remembers: true,
  logsources: [{ product: 'zeek', taxonomy: 'zeek' }, ...Object.keys(LOGS).map(service)],
  settings: [
    {
      collect: 'syslog',
      where: 'local.zeek',
      text: ({ host, port }) => `@load policy/tuning/json-logs
# /etc/rsyslog.d/30-vonglau.conf
$MaxMessageSize 64k
module(load="imfile")
input(type="imfile" File="/opt/zeek/logs/current/*.log" Tag="zeek" Facility="local5")
local5.* @@${host.includes(':') ? `[${host}]` : host}:${port}
`,
    },
  ],
  open: () => parse,
}
