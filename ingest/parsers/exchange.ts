/**
 * Microsoft Exchange Server 2010 to 2019: message tracking
 * (https://learn.microsoft.com/exchange/mail-flow/transport-logs/message-tracking) and the SMTP protocol logs
 * (https://learn.microsoft.com/exchange/mail-flow/connectors/protocol-logging). Both are columns with commas between, which a `#Fields`
 * line names; where none came, the layouts of message tracking are known by their number. Times are UTC. Outlook on the web
 * and ActiveSync are requests to IIS: parser iis_access.
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { find, is, port, standsAt } from '../row/values.ts'
import { type Sort, putSort, sortOf } from './categories.ts'
import { expected } from './clf.ts'
import { columns, splitColumns } from './csv.ts'
import { DESTINATION, putDirection, putNetworkType, putSide, type Side, SOURCE } from './flow.ts'
import { Leaves, NOBODY, ROOT, STRING } from './leaves.ts'
import { type Answer, EVENT, type LineContext, type Parser, type ParserState, SKIP } from './parser.ts'
import { Plan, type Rules } from './plan.ts'
import { isoTime } from './stamp.ts'
import { lower, splitHost } from './url.ts'

const OWN = [
  'date_time',
  'event_id',
  'source',
  'directionality',
  'local_endpoint',
  'remote_endpoint',
  'event',
  'data',
] as const
const [TIME, EVENT_ID, ORIGIN, DIRECTION, LOCAL, REMOTE, PROTOCOL_EVENT, DATA] = [1, 2, 3, 4, 5, 6, 7, 8]
const leaves = new Leaves(OWN)

const RULES: Rules = {
  ...Object.fromEntries(OWN.map((name) => [name, ['own'] as const])),
  client_ip: ['side', 'source'],
  client_hostname: ['lower', 'source.domain'],
  server_ip: ['side', 'destination'],
  server_hostname: ['lower', 'destination.domain'],
  connector_id: ['text', 'exchange.connector_id'],
  internal_message_id: ['text', 'email.local_id'],
  message_id: ['text', 'email.message_id'],
  recipient_address: ['list', 'email.to.address'],
  recipient_status: ['text', 'exchange.recipient_status'],
  related_recipient_address: ['list', 'exchange.related_recipient_address'],
  reference: ['list', 'exchange.reference'],
  total_bytes: ['long', 'exchange.total_bytes'],
  recipient_count: ['long', 'exchange.recipient_count'],
  message_subject: ['text', 'email.subject'],
  sender_address: ['text', 'email.from.address'],
  return_path: ['text', 'email.sender.address'],
  session_id: ['text', 'exchange.session_id'],
  sequence_number: ['long', 'exchange.sequence_number'],
}
const plan = new Plan('exchange.', RULES)
const LISTS: ReadonlySet<string> = new Set(
  Object.entries(RULES).flatMap(([name, [kind]]) => (kind === 'list' ? [name] : [])),
)

const F = {
  time: field('@timestamp'),
  action: field('event.action'),
  reason: field('event.reason'),
  direction: field('email.direction'),
  log: field('exchange.log'),
  origin: field('exchange.source'),
  directionality: field('exchange.directionality'),
  data: field('exchange.data'),
  product: field('observer.product'),
  vendor: field('observer.vendor'),
  protocol: field('network.protocol'),
  transport: field('network.transport'),
  sender: field('email.from.address'),
} as const
const MICROSOFT = constant('Microsoft')
const EXCHANGE = constant('Exchange')
const TRACKING = constant('message-tracking')
const SMTP_LOG = constant('smtp')
const SMTP = constant('smtp')
const TCP = constant('tcp')
const INBOUND = constant('inbound')
const OUTBOUND = constant('outbound')

/** Columns of message tracking, oldest first: 2007 and 2010, 2010 SP1, 2013, 2016 and 2019. */
const OLDEST =
  'date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,source,event-id,internal-message-id,message-id,recipient-address,recipient-status,total-bytes,recipient-count,related-recipient-address,reference,message-subject,sender-address,return-path,message-info'
const OF_2010 = `${OLDEST},directionality,tenant-id,original-client-ip,original-server-ip,custom-data`
const OF_2013 = OF_2010.replace('message-id,recipient-address', 'message-id,network-message-id,recipient-address')
const OF_2016 = `${OF_2013},transport-traffic-type,log-id,schema-version`
const BY_COUNT = new Map(
  [OLDEST, OF_2010, OF_2013, `${OF_2013},transport-traffic-type`, OF_2016].map((text) => {
    const names = text.split(',')
    return [names.length, names] as const
  }),
)

interface Layout {
  readonly names: readonly string[]
  readonly lists: readonly boolean[]
  /** The names that the leaves had when `nodes` were found. */
  known: readonly string[] | undefined
  readonly nodes: Int32Array
}
const layouts = new WeakMap<readonly string[], Layout>()
const layoutOf = (fields: readonly string[]): Layout => {
  let layout = layouts.get(fields)
  if (!layout) {
    const names = fields.map((name) => name.trim().toLowerCase().replaceAll('-', '_'))
    const lists = names.map((name) => LISTS.has(name))
    layouts.set(fields, (layout = { names, lists, known: undefined, nodes: new Int32Array(names.length) }))
  }
  return layout
}
const encoder = new TextEncoder()

/** Most columns, and characters of a name, that a `#Fields` may have. */
const MOST_FIELDS = 64
const LONGEST = 64
const said = (state: ParserState): readonly string[] | undefined => {
  const fields = state?.['fields']
  return Array.isArray(fields) && fields.length > 0 ? (fields as readonly string[]) : undefined
}
const directive = (row: Row, from: number, to: number, context: LineContext): Answer => {
  if (!standsAt(row.bytes, from, '#Fields:')) return SKIP
  const names = row
    .slice(from + 8, Math.min(to, from + 8192))
    .trim()
    .split(',')
    .slice(0, MOST_FIELDS)
    .map((name) => name.trim().slice(0, LONGEST))
  if (names[0] !== '' && said(context.state)?.join() !== names.join()) context.state = { fields: names }
  return SKIP
}

const found = columns()
/** The columns as leaves, those that hold several values one leaf an item. */
const read = (row: Row, layout: Layout): void => {
  leaves.clear()
  if (layout.known !== leaves.names) {
    layout.known = leaves.names
    for (const [i, name] of layout.names.entries()) {
      const bytes = encoder.encode(name)
      layout.nodes[i] = bytes.length === 0 ? NOBODY : leaves.find(ROOT, bytes, 0, bytes.length)
    }
  }
  const { bytes: b } = row
  for (let i = 0; i < found.count; i++) {
    const [from, to] = [found.from[i]!, found.to[i]!]
    if (from >= to) continue
    if (!layout.lists[i]) leaves.add(layout.nodes[i]!, STRING, from, to)
    else
      for (let at = from; at < to; ) {
        let end = find(b, 59, at, to)
        if (end < 0) end = to
        if (end > at) leaves.add(layout.nodes[i]!, STRING, at, end, 1)
        at = end + 1
      }
  }
}

const sort = (type: string, outcome?: string): Sort => sortOf({ category: 'email', type, outcome: outcome ?? '' })
const INFO = sort('info')
/** Event types of message tracking (the page above). An event of which nobody knows how it ended says none. */
const EVENTS: Readonly<Record<string, Sort>> = {
  receive: sort('info', 'success'),
  send: sort('info', 'success'),
  deliver: sort('info', 'success'),
  submit: sort('info', 'success'),
  sendexternal: sort('info', 'success'),
  duplicatedeliver: sort('info', 'success'),
  fail: sort('error', 'failure'),
  badmail: sort('error', 'failure'),
  poisonmessage: sort('error', 'failure'),
  submitfail: sort('error', 'failure'),
  drop: sort('denied', 'failure'),
  agentinfo: INFO,
}
const sorts = new Memo((text) => (Object.hasOwn(EVENTS, text.toLowerCase()) ? EVENTS[text.toLowerCase()]! : INFO))

const tracking = (row: Row): void => {
  const { bytes: b } = row
  const event = leaves.at[EVENT_ID]!
  const [a, z] = [leaves.from[event]!, leaves.to[event]!]
  row.const(F.log, TRACKING)
  row.const(F.action, lower.get(b, a, z))
  putSort(row, sorts.get(b, a, z))
  const origin = leaves.at[ORIGIN]!
  if (origin >= 0) {
    row.text(F.origin, leaves.from[origin]!, leaves.to[origin]!)
    if (is(b, leaves.from[origin]!, leaves.to[origin]!, 'SMTP')) {
      row.const(F.protocol, SMTP)
      row.const(F.transport, TCP)
    }
  }
  const way = leaves.at[DIRECTION]!
  if (way >= 0) {
    const [c, d] = [leaves.from[way]!, leaves.to[way]!]
    row.text(F.directionality, c, d)
    if (is(b, c, d, 'Incoming')) row.const(F.direction, INBOUND)
    else if (is(b, c, d, 'Originating')) row.const(F.direction, OUTBOUND)
  }
}

const putEndpoint = (row: Row, side: Side, leaf: number): void => {
  if (leaf < 0) return
  const [a, z, number] = splitHost(row.bytes, leaves.from[leaf]!, leaves.to[leaf]!)
  putSide(row, side, a, z)
  if (!Number.isNaN(number)) row.long(side.port, number)
}
/** What a protocol log writes: connect, disconnect, what is sent and received, and what the server says itself. */
const PROTOCOL: Readonly<Record<string, readonly [action: string, type: string]>> = {
  '+': ['connect', 'start'],
  '-': ['disconnect', 'end'],
  '>': ['send', 'protocol'],
  '<': ['receive', 'protocol'],
  '*': ['information', 'info'],
}
const steps = new Memo((text) => {
  const step = Object.hasOwn(PROTOCOL, text) ? PROTOCOL[text] : undefined
  return step && sortOf({ category: 'email network', action: step[0], type: step[1] })
})
const FAILED = sortOf({ category: 'email authentication', action: 'logon-failed', type: 'start', outcome: 'failure' })
const DENIED = sortOf({ category: 'email network', action: 'refused', type: 'denied', outcome: 'failure' })

/** `local-endpoint` is this server. Of a receive connector the remote one connected; of a send connector this server did. */
const protocol = (row: Row, sends: boolean): Answer | undefined => {
  const { bytes: b } = row
  const event = leaves.at[PROTOCOL_EVENT]!
  const step = event < 0 ? undefined : steps.get(b, leaves.from[event]!, leaves.to[event]!)
  if (!step) return undefined
  row.const(F.log, SMTP_LOG)
  row.const(F.protocol, SMTP)
  row.const(F.transport, TCP)
  putEndpoint(row, sends ? SOURCE : DESTINATION, leaves.at[LOCAL]!)
  putEndpoint(row, sends ? DESTINATION : SOURCE, leaves.at[REMOTE]!)
  putSort(row, step)
  const data = leaves.at[DATA]!
  if (data < 0) return EVENT
  const [from, to] = [leaves.from[data]!, leaves.to[data]!]
  row.text(F.data, from, to)
  const answered = b[leaves.from[event]!] === (sends ? 60 : 62)
  if (!answered || b[from] !== 53 || !(port(b, from, from + 3) >= 500)) return EVENT
  // RFC 4954 §6: 535 is a refused sign-in.
  putSort(row, standsAt(b, from, '535 ') ? FAILED : DENIED)
  row.text(F.reason, from, to)
  return EVENT
}

const SEND = /send|outbound/i
const connectors = new Memo((text) => SEND.test(text))
const connector = field('exchange.connector_id')

const parse = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const { bytes: b } = row
  let at = from
  if (b[at] === 0xef && b[at + 1] === 0xbb && b[at + 2] === 0xbf && to - at >= 3) at += 3
  let end = to
  while (end > at && b[end - 1]! <= 32) end--
  if (at >= end) return SKIP
  if (b[at] === 35) return directive(row, at, end, context)
  const time = isoTime(b, at, end, 'UTC')
  if (Number.isNaN(time))
    return expected(row, 'a line of Exchange that begins with its time, 2026-05-14T02:30:01.123Z', at, end)
  splitColumns(row, at, end, found)
  const declared = said(context.state)
  const fields =
    declared && (declared.length === found.count || BY_COUNT.get(found.count) === undefined)
      ? declared
      : BY_COUNT.get(found.count)
  if (!fields || found.count > fields.length)
    return expected(
      row,
      `${declared ? `${declared.length} columns as #Fields says` : 'a #Fields line before, or a layout of message tracking'}, not ${found.count} columns`,
      at,
      end,
    )
  const layout = layoutOf(fields)
  read(row, layout)
  row.long(F.time, time)
  row.const(F.vendor, MICROSOFT)
  row.const(F.product, EXCHANGE)
  plan.put(row, leaves, 'UTC')
  if (leaves.has(EVENT_ID)) tracking(row)
  else {
    const name = row.has(connector) && connectors.get(row.bytes, row.from[connector]!, row.to[connector]!)
    if (protocol(row, name === true) === undefined)
      return expected(row, 'an event-id of message tracking or an event of a protocol log', at, end)
  }
  putNetworkType(row)
  putDirection(row)
  return EVENT
}

export const exchange: Parser<Record<string, never>> = {
  id: 'exchange',
  title: 'Microsoft Exchange Server (message tracking, SMTP protocol logs)',
  options: z.strictObject({}),
  remembers: true,
  logsources: [{ product: 'exchange', service: 'messagetracking', vendor: 'exchange.' }],
  settings: [
    {
      collect: 'http',
      where: 'PowerShell',
      text: ({ http }) => `# Exchange Management Shell
Set-TransportService $env:COMPUTERNAME -MessageTrackingLogEnabled $true -MessageTrackingLogSubjectLoggingEnabled $true
# C:\\Program Files\\Microsoft\\Exchange Server\\V15\\TransportRoles\\Logs\\MessageTracking\\MSGTRK*.LOG
# Gửi từng tệp bằng Fluent Bit, NXLog hoặc curl / send each file with Fluent Bit, NXLog or curl:
curl.exe -H "Authorization: Bearer <token>" --data-binary "@MSGTRK2026051402-1.LOG" "${http}exchange-01?stream=MSGTRK2026051402-1.LOG"
`,
    },
  ],
  open: () => parse,
}
