/** IIS in the W3C extended format. Times are UTC whatever the server's zone is. */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { dateTime, find, integer, port, standsAt } from '../row/values.ts'
import { expected, present, putForwarded, putStatus, type Trust, trustedProxies, trustOf } from './clf.ts'
import {
  bareAddress,
  type Column,
  guess,
  isAddress,
  type Layout,
  layoutOf,
  MOST_WORDS,
  splitWords,
  type Words,
} from './iis_columns.ts'
import { IIS_SETTINGS } from './iis_settings.ts'
import { type Answer, EVENT, type LineContext, type Parse, type Parser, type ParserState, SKIP } from './parser.ts'
import { putHost, putLower, putPath } from './url.ts'

const F = {
  time: field('@timestamp'),
  category: field('event.category'),
  type: field('event.type'),
  duration: field('event.duration'),
  site: field('iis.access.site_name'),
  computer: field('iis.access.server_name'),
  host: field('host.name'),
  sourceIp: field('source.ip'),
  sourceAddress: field('source.address'),
  sourcePort: field('source.port'),
  destinationIp: field('destination.ip'),
  destinationAddress: field('destination.address'),
  destinationPort: field('destination.port'),
  destinationDomain: field('destination.domain'),
  method: field('http.request.method'),
  user: field('user.name'),
  domain: field('user.domain'),
  version: field('http.version'),
  agent: field('user_agent.original'),
  cookie: field('iis.access.cookie'),
  referrer: field('http.request.referrer'),
  urlDomain: field('url.domain'),
  original: field('url.original'),
  query: field('url.query'),
  substatus: field('iis.access.sub_status'),
  win32: field('iis.access.win32_status'),
  sent: field('http.response.body.bytes'),
  received: field('http.request.body.bytes'),
  list: field('iis.access.forwarded_ip_list'),
} as const
const WEB = constant('web')
const NETWORK = constant('network')
const CONNECTION = constant('connection')

const agents = new Memo((text) => constant(text.replaceAll('+', ' ')))
/** IIS writes a space as '+'. */
const putSpaced = (row: Row, f: number, from: number, to: number): void => {
  const { bytes } = row
  if (find(bytes, 43, from, to) < 0) row.text(f, from, to)
  else if (f === F.agent && to - from <= 128) row.const(f, agents.get(bytes, from, to))
  else {
    const begin = row.copy(bytes, from, to)
    const copied = row.bytes
    for (let i = begin; i < row.at; i++) if (copied[i] === 43) copied[i] = 32
    row.text(f, begin, row.at)
  }
}

const putAddress = (row: Row, ip: number, address: number, from: number, to: number): void => {
  const [a, z] = bareAddress(row.bytes, from, to)
  const found = row.ip(ip, a, z)
  if (found === undefined) row.text(address, from, to)
  else if (a === from) row.text(address, from, to)
  else row.const(address, found.canonical)
}

const put = (row: Row, column: Column, from: number, to: number, other: number): void => {
  const { bytes } = row
  switch (column) {
    case 'site':
      row.text(F.site, from, to)
      return
    case 'computer':
      row.text(F.computer, from, to)
      putLower(row, F.host, from, to)
      return
    case 's-ip':
      putAddress(row, F.destinationIp, F.destinationAddress, from, to)
      return
    case 'c-ip':
      putAddress(row, F.sourceIp, F.sourceAddress, from, to)
      return
    case 's-port':
    case 'c-port': {
      const n = port(bytes, from, to)
      if (!Number.isNaN(n)) row.long(column === 's-port' ? F.destinationPort : F.sourcePort, n)
      return
    }
    case 'method':
      row.text(F.method, from, to)
      return
    case 'user': {
      const slash = find(bytes, 92, from, to)
      if (slash > from) row.text(F.domain, from, slash)
      row.text(F.user, slash < 0 ? from : slash + 1, to)
      return
    }
    case 'version': {
      const skip = standsAt(bytes, from, 'HTTP/') && to - from > 5 ? 5 : 0
      row.text(F.version, from + skip, to)
      return
    }
    case 'agent':
      putSpaced(row, F.agent, from, to)
      return
    case 'cookie':
      putSpaced(row, F.cookie, from, to)
      return
    case 'referrer':
      row.text(F.referrer, from, to)
      return
    case 'host':
      putHost(row, from, to)
      if (row.has(F.urlDomain) && !isAddress(bytes, from, to)) row.copyOf(F.destinationDomain, F.urlDomain)
      return
    case 'status':
      putStatus(row, from, to)
      return
    case 'other':
      if (other >= 0 && !row.has(other)) putSpaced(row, other, from, to)
      return
    case 'taken': {
      const millis = integer(bytes, from, to)
      if (millis >= 0) row.long(F.duration, Math.min(millis, 9_000_000_000) * 1e6)
      return
    }
    case 'substatus':
    case 'win32':
    case 'sent':
    case 'received': {
      const n = integer(bytes, from, to)
      if (n >= 0) row.long(F[column], n)
      return
    }
    default:
  }
}

const wordsOf = (text: string): string[] => text.trim().split(/\s+/).slice(0, MOST_WORDS)

interface State {
  readonly fields: readonly string[] | undefined
  readonly date: string | undefined
}
const stateOf = (state: ParserState): State => {
  const [fields, date] = [state?.['fields'], state?.['date']]
  return {
    fields: Array.isArray(fields) && fields.length > 0 ? (fields as readonly string[]) : undefined,
    date: typeof date === 'string' ? date : undefined,
  }
}
/** `#Fields` holds until the next one; `#Date` says the day of files that have no column for it. */
const directive = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const line = row.slice(from, Math.min(to, from + 8192))
  const { fields, date } = stateOf(context.state)
  const remember = (next: State) => {
    if (next.date === date && next.fields?.join(' ') === fields?.join(' ')) return
    context.state = { ...(next.fields ? { fields: next.fields } : {}), ...(next.date ? { date: next.date } : {}) }
  }
  if (/^#Fields:/i.test(line)) {
    const names = wordsOf(line.slice(8))
    if (names[0] !== '') remember({ fields: names, date })
  } else {
    const day = /^#Date:\s*(\d{4}-\d\d-\d\d)/i.exec(line)?.[1]
    if (day) remember({ fields, date: day })
  }
  return SKIP
}

const words: Words = { at: new Int32Array(MOST_WORDS * 2), count: 0 }
const NOTHING: Layout = { columns: [], fields: new Int32Array(0) }
const BY_STATE = new WeakMap<readonly string[], Layout>()
const layoutBy = (fields: readonly string[]): Layout => {
  let layout = BY_STATE.get(fields)
  if (!layout) BY_STATE.set(fields, (layout = layoutOf(fields)))
  return layout
}
const NO_FIELDS = new Int32Array(MOST_WORDS).fill(-1)

const parseWith = (
  row: Row,
  from: number,
  to: number,
  context: LineContext,
  declared: readonly string[] | undefined,
  trusted: Trust,
): Answer => {
  const b = row.bytes
  if (b[from] === 35) return directive(row, from, to, context)
  splitWords(b, from, to, words)
  const { at: w, count } = words
  if (count === 0) return SKIP
  const { fields: said, date: day } = stateOf(context.state)
  const fields = said ?? declared
  let layout = NOTHING
  if (fields && fields.length === count) layout = layoutBy(fields)
  else {
    const columns = guess(b, words)
    if (columns) layout = { columns, fields: NO_FIELDS }
  }
  const { columns } = layout
  if (columns.length === 0) {
    const want = fields
      ? `${fields.length} columns as #Fields says`
      : 'a #Fields directive before, or a known layout of IIS'
    return expected(row, `${want}, found ${count} columns`, from, to).replace(', found "', ': "')
  }
  let [dateAt, timeAt, stem, query, forwarded] = [-1, -1, -1, -1, -1]
  let [dateEnd, timeEnd] = [-1, -1]
  for (let i = 0; i < count; i++) {
    const [a, z] = [w[i * 2]!, w[i * 2 + 1]!]
    switch (columns[i]) {
      case 'date':
        dateAt = a
        dateEnd = z
        break
      case 'time':
        timeAt = a
        timeEnd = z
        break
      case 'c-ip':
        // An order of columns that nobody said shows here first.
        if (present(b, a, z) && !isAddress(b, a, z)) return expected(row, `an address in column ${i + 1} (c-ip)`, a, z)
        break
      case 'status':
        if (present(b, a, z) && !(integer(b, a, z) >= 0))
          return expected(row, `a number in column ${i + 1} (sc-status)`, a, z)
        break
      default:
    }
  }
  const time =
    timeAt < 0 || timeEnd - timeAt < 8 || (dateAt >= 0 && dateEnd - dateAt !== 10)
      ? Number.NaN
      : dateAt >= 0
        ? dateTime(b, dateAt, timeAt)
        : day === undefined
          ? Number.NaN
          : dateTime(row.bytes, row.write(`${day} ${row.slice(timeAt, timeAt + 8)}`), row.at - 8)
  if (Number.isNaN(time)) {
    const found = `${dateAt < 0 ? '' : row.slice(dateAt, dateEnd)} ${timeAt < 0 ? '' : row.slice(timeAt, timeEnd)}`
    return `expected a date YYYY-MM-DD and a time HH:MM:SS, found ${JSON.stringify(found.slice(0, 60))}`
  }
  row.long(F.time, time)
  for (let i = 0; i < count; i++) {
    const [a, z] = [w[i * 2]!, w[i * 2 + 1]!]
    if (!present(row.bytes, a, z)) continue
    const column = columns[i]!
    if (column === 'stem') stem = i
    else if (column === 'query') query = i
    else if (column === 'forwarded') forwarded = i
    else put(row, column, a, z, layout.fields[i]!)
  }
  putTarget(row, w, stem, query)
  if (forwarded >= 0) putForwarded(row, w[forwarded * 2]!, w[forwarded * 2 + 1]!, F.list, trusted, false)
  row.list(F.category)
  row.constItem(WEB)
  if (!row.has(F.sourceIp) || !row.has(F.destinationIp)) return EVENT
  row.constItem(NETWORK)
  row.list(F.type)
  row.constItem(CONNECTION)
  return EVENT
}

/** Stem and query stand side by side; as a URL there is a question mark between them. */
const putTarget = (row: Row, w: Int32Array, stem: number, query: number): void => {
  if (stem < 0) {
    if (query >= 0) row.text(F.query, w[query * 2]!, w[query * 2 + 1]!)
    return
  }
  let [from, to] = [w[stem * 2]!, w[stem * 2 + 1]!]
  if (query >= 0) {
    row.reserve(to - from + w[query * 2 + 1]! - w[query * 2]! + 1)
    const { bytes } = row
    const begin = row.copy(bytes, from, to)
    bytes[row.at++] = 63
    row.copy(bytes, w[query * 2]!, w[query * 2 + 1]!)
    ;[from, to] = [begin, row.at]
  }
  putPath(row, from, to)
  row.text(F.original, from, to)
}

const options = z.strictObject({
  /** The columns of files or streams that do not say them, as `#Fields:` would. */
  fields: z
    .string()
    .refine(
      (text) => wordsOf(text.replace(/^#Fields:/i, '')).includes('time'),
      'the names of the columns as #Fields says them, time among them',
    )
    .optional(),
  trusted_proxies: trustedProxies,
})

const open = ({ fields, trusted_proxies }: z.infer<typeof options>): Parse => {
  const declared = fields === undefined ? undefined : wordsOf(fields.replace(/^#Fields:/i, ''))
  const trusted = trustOf(trusted_proxies)
  return (row, from, to, context) => parseWith(row, from, to, context, declared, trusted)
}

export const iisAccess: Parser<z.infer<typeof options>> = {
  id: 'iis_access',
  title: 'Microsoft IIS (W3C)',
  options,
  remembers: true,
  logsources: [
    { category: 'webserver', service: 'iis' },
    { category: 'webserver', product: 'windows', service: 'iis' },
  ],
  settings: IIS_SETTINGS,
  open,
}
