/**
 * Documents that are ECS already (https://www.elastic.co/docs/reference/ecs), nested or dotted: what Beats, Elastic Agent, Fluent Bit and
 * the ECS loggers of a program send. Fields keep their names; those that this program itself says of an event are not taken.
 */
import { z } from 'zod'
import { FIELDS } from '../event.ts'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { expected } from './clf.ts'
import { ALLOWED } from './ecs_values.ts'
import { putNetworkType } from './flow.ts'
import { CUT, readJson } from './json.ts'
import { Leaves } from './leaves.ts'
import { type Answer, EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { type Kind, Plan, type Rules, timeOf } from './plan.ts'

const TIME = field('@timestamp')
const OUTER = ['event.kind', 'event.category', 'event.type', 'event.outcome'] as const
const OWN = ['@timestamp', ...OUTER] as const
const leaves = new Leaves(OWN)
const CLASSES = OUTER.map((name, i) => ({
  id: i + 2,
  field: field(name),
  list: name === 'event.category' || name === 'event.type',
  values: new Memo((text) => (ALLOWED[name]!.has(text) && text !== 'pipeline_error' ? constant(text) : undefined)),
}))

/** Numbers of ECS that are in no column; any other number of a document is kept as it was spelled. */
const LONGS =
  `process.pid process.parent.pid process.thread.id process.exit_code process.args_count event.sequence host.uptime
log.origin.file.line client.port server.port client.bytes server.bytes client.packets server.packets client.nat.port server.nat.port
source.nat.port destination.nat.port file.size email.attachments.file.size http.response.body.bytes`.split(/\s+/)
const KINDS: Readonly<Record<string, Kind>> = {
  keyword: 'text',
  ip: 'ip',
  date: 'time',
  long: 'long',
  double: 'text',
  boolean: 'boolean',
}
/** What belongs to whoever reads: whose event it is, what was computed of it, where it was stored. */
const REFUSED =
  /^(?:vonglau|organization|portal|@metadata|related)\.|^(?:event\.(?:id|ingested|original|hash)|@version|related|vonglau|organization|portal)$|\.(?:prefix|organization\.id|organization\.name|network\.name)$/

const rules: Rules = {
  ...Object.fromEntries(LONGS.map((name) => [name, ['long', name] as const])),
  ...Object.fromEntries(
    FIELDS.filter(({ name }) => !REFUSED.test(name)).map(({ name, type, list }) => [
      name,
      [list ? (type === 'ip' ? 'ips' : 'list') : KINDS[type]!, name] as const,
    ]),
  ),
  ...Object.fromEntries(OWN.map((name) => [name, ['own'] as const])),
}
const plan = new Plan('', rules, true, (name) => REFUSED.test(name) || name === 'event.dataset')
const dataset = field('event.dataset')
const datasets = new Memo((text) => (text.startsWith('vonglau') ? undefined : constant(text)))

const putClasses = (row: Row): void => {
  for (const { id, field: f, list, values } of CLASSES) {
    let begun = false
    for (let i = leaves.at[id]!; i >= 0; i = list ? leaves.next[i]! : -1) {
      const value = values.get(row.bytes, leaves.from[i]!, leaves.to[i]!)
      if (!value) continue
      if (!list) row.const(f, value)
      else {
        if (!begun) row.list(f)
        begun = true
        row.constItem(value)
      }
    }
  }
}

const parse = (row: Row, from: number, to: number, context: LineContext): Answer => {
  let at = from
  while (at < to && row.bytes[at]! <= 32) at++
  if (at === to) return SKIP
  leaves.clear()
  const answer = readJson(row, at, to, leaves)
  if (answer >= 0) return expected(row, answer === at ? 'a JSON object' : 'JSON', answer, to)
  const when = leaves.at[1]!
  const time = when < 0 ? Number.NaN : timeOf(row.bytes, leaves.from[when]!, leaves.to[when]!, context.timezone)
  if (Number.isNaN(time))
    return expected(
      row,
      `@timestamp as RFC 3339 in the JSON${answer === CUT ? ' before the line was cut' : ''}`,
      at,
      to,
    )
  row.long(TIME, time)
  plan.put(row, leaves, context.timezone)
  // Of rows that say their dataset: rules know them by it.
  if (row.has(dataset)) {
    const said = datasets.get(row.bytes, row.from[dataset]!, row.to[dataset]!)
    if (!said) row.unsay(dataset)
  }
  putClasses(row)
  putNetworkType(row)
  return EVENT
}

export const jsonEcs: Parser<Record<string, never>> = {
  id: 'json_ecs',
  title: 'JSON in ECS (Beats, Elastic Agent, ECS loggers)',
  options: z.strictObject({}),
  logsources: [],
  settings: [
    {
      collect: 'http',
      where: 'filebeat.yml, winlogbeat.yml, packetbeat.yml, auditbeat.yml',
      text: ({ http }) => `output.elasticsearch:
  hosts: ["${new URL(http).origin}"]
  path: ${new URL(http).pathname}ecs-01
  username: ecs-01
  password: <token>
`,
    },
    {
      collect: 'http',
      where: 'HTTP',
      text: ({ http }) => `curl -H 'Authorization: Bearer <token>' --data-binary @events.ndjson ${http}ecs-01\n`,
    },
  ],
  documents: true,
  open: () => parse,
}
