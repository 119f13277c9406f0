import type { Event } from '../event.ts'
import { address, integer, isLocal, portOf } from './address.ts'
import { forwarded, putStatus } from './clf.ts'
import type { LineContext, Parsed, Parser, ParserState } from './parser.ts'
import { dateTimeMillis } from './time.ts'
import { putHost, putPath } from './url.ts'

/** What a column of the W3C Extended Log File Format (Microsoft, "W3C Logging") is to us. */
type Column =
  | 'date'
  | 'time'
  | 'site'
  | 'computer'
  | 's-ip'
  | 'method'
  | 'stem'
  | 'query'
  | 's-port'
  | 'user'
  | 'c-ip'
  | 'c-port'
  | 'version'
  | 'agent'
  | 'cookie'
  | 'referrer'
  | 'host'
  | 'status'
  | 'substatus'
  | 'win32'
  | 'sent'
  | 'received'
  | 'taken'
  | 'forwarded'
  | 'other'

const COLUMNS: Readonly<Record<string, Column>> = {
  date: 'date',
  time: 'time',
  's-sitename': 'site',
  's-computername': 'computer',
  's-ip': 's-ip',
  'cs-method': 'method',
  'cs-uri-stem': 'stem',
  'cs-uri-query': 'query',
  's-port': 's-port',
  'cs-username': 'user',
  'c-ip': 'c-ip',
  'c-port': 'c-port',
  'cs-version': 'version',
  'cs(user-agent)': 'agent',
  'cs(cookie)': 'cookie',
  'cs(referer)': 'referrer',
  'cs-host': 'host',
  'cs(host)': 'host',
  'sc-status': 'status',
  'sc-substatus': 'substatus',
  'sc-win32-status': 'win32',
  'sc-bytes': 'sent',
  'cs-bytes': 'received',
  'time-taken': 'taken',
  'cs(x-forwarded-for)': 'forwarded',
  'x-forwarded-for': 'forwarded',
  'x-real-ip': 'forwarded',
  'cs(x-real-ip)': 'forwarded',
  'cs(true-client-ip)': 'forwarded',
  'cs(cf-connecting-ip)': 'forwarded',
  originalip: 'forwarded',
}

interface Layout {
  readonly columns: readonly Column[]
  readonly names: readonly string[]
}

const layoutOf = (names: readonly string[]): Layout => ({
  names,
  columns: names.map((name) => {
    const key = name.toLowerCase()
    return Object.hasOwn(COLUMNS, key) ? COLUMNS[key]! : 'other'
  }),
})

const byState = new WeakMap<readonly string[], Layout>()
const byText = new Map<string, Layout>()
const knownLayout = (fields: readonly string[]): Layout => {
  let layout = byState.get(fields)
  if (layout) return layout
  const key = fields.join(' ')
  layout = byText.get(key)
  if (!layout) {
    if (byText.size >= 500) byText.clear()
    byText.set(key, (layout = layoutOf(fields)))
  }
  byState.set(fields, layout)
  return layout
}

const isInteger = (text: string | undefined): boolean => text !== undefined && integer(text) !== undefined
/** `192.0.2.1`, `fe80::1%3`, and `[192.0.2.1](http://…)` as an export through a mail program leaves it. */
const ipOf = (text: string): string | undefined =>
  text.charCodeAt(0) === 91 ? address(text.slice(1, Math.max(1, text.indexOf(']')))) : address(text)

/**
 * The columns of a line in a file without #Fields. Every layout of IIS keeps one order, in which the method, the port, the
 * client's address and the status are told by their shape; what stands between them is then known by count.
 */
const guess = (words: readonly string[]): readonly Column[] | undefined => {
  if (words.length < 8 || words.length > 40) return undefined
  const columns: Column[] = ['date', 'time']
  let at = 2
  while (at < 6 && !/^[A-Z][A-Z_-]{1,31}$/.test(words[at]!)) at++
  // `W3SVC1` has digits; a computer's name may look like a method, so a port has to stand three after it.
  while (at < 6 && !/^\d{1,5}$/.test(words[at + 3] ?? '')) at++
  if (at >= 6) return undefined
  for (let i = 2; i < at; i++) {
    columns.push(ipOf(words[i]!) !== undefined ? 's-ip' : /^W3SVC\d*$/i.test(words[i]!) ? 'site' : 'computer')
  }
  columns.push('method', 'stem', 'query', 's-port', 'user', 'c-ip')
  at += 6
  if (at > words.length || ipOf(words[at - 1]!) === undefined) return undefined
  if (/^HTTP\/\d/i.test(words[at] ?? '')) {
    columns.push('version')
    at++
  }
  let status = at
  while (status < words.length) {
    if (/^[1-9]\d\d$/.test(words[status]!) && isInteger(words[status + 1]) && isInteger(words[status + 2])) break
    status++
  }
  if (status >= words.length) return undefined
  const between = words.slice(at, status)
  columns.push(...middle(between))
  columns.push('status', 'substatus', 'win32', ...tail(words.slice(status + 3)))
  return columns
}

const URL = /^https?:\/\//i
const middle = (words: readonly string[]): Column[] => {
  switch (words.length) {
    case 0:
      return []
    case 1:
      return ['agent']
    case 2:
      return ['agent', 'referrer']
    case 3:
      return URL.test(words[1]!) ? ['agent', 'referrer', 'host'] : ['agent', 'cookie', 'referrer']
    default:
      return ['agent', 'cookie', 'referrer', 'host', ...new Array<Column>(words.length - 4).fill('other')]
  }
}

const tail = (words: readonly string[]): Column[] => {
  let numbers = 0
  while (numbers < words.length && isInteger(words[numbers])) numbers++
  const columns: Column[] =
    numbers >= 3 ? ['sent', 'received', 'taken'] : numbers === 2 ? ['sent', 'taken'] : numbers === 1 ? ['taken'] : []
  for (let i = columns.length; i < words.length; i++) {
    const word = words[i]!
    const list =
      !columns.includes('forwarded') && (word === '-' || /^[\d.:a-f,+%[\]]+[.:][\d.:a-f,+%[\]]*$/i.test(word))
    columns.push(list ? 'forwarded' : isInteger(word) && columns.includes('forwarded') ? 'c-port' : 'other')
  }
  return columns
}

/** IIS writes a space as '+'. */
const spaced = (text: string): string => (text.includes('+') ? text.split('+').join(' ') : text)

const putAddress = (event: Event, side: 'source' | 'destination', text: string): void => {
  const ip = ipOf(text)
  if (ip !== undefined) event[`${side}.ip`] = ip
  event[`${side}.address`] = text.charCodeAt(0) === 91 && ip !== undefined ? ip : text
}

const putForwarded = (event: Event, text: string): void => {
  const list = forwarded(text.replaceAll('+', ' '))
  const ips = list.flatMap(({ ip }) => ip ?? [])
  if (ips.length === 0) return
  event['network.forwarded_ip'] = ips[0]!
  if (ips.length > 1) event['iis.access.forwarded_ip_list'] = ips
}

/** Behind a proxy of our own every client would be the proxy: then the source is whom the proxy saw. */
const putProxied = (event: Event): void => {
  const proxy = event['source.ip']
  if (typeof proxy !== 'string' || !isLocal(proxy)) return
  const list = event['iis.access.forwarded_ip_list'] ?? [event['network.forwarded_ip']!]
  const client = (list as readonly string[]).findLast((ip) => !isLocal(ip))
  if (client === undefined) return
  event['source.ip'] = client
  event['source.address'] = client
  delete event['source.port']
}

const put = (event: Event, column: Column, text: string, name: string | undefined): void => {
  switch (column) {
    case 'site':
      event['iis.access.site_name'] = text
      return
    case 'computer':
      event['iis.access.server_name'] = text
      event['host.name'] = text.toLowerCase()
      return
    case 's-ip':
      putAddress(event, 'destination', text)
      return
    case 'c-ip':
      putAddress(event, 'source', text)
      return
    case 's-port': {
      const port = portOf(text)
      if (port !== undefined) event['destination.port'] = port
      return
    }
    case 'c-port': {
      const port = portOf(text)
      if (port !== undefined) event['source.port'] = port
      return
    }
    case 'method':
      event['http.request.method'] = text
      return
    case 'user': {
      const slash = text.indexOf('\\')
      if (slash > 0) event['user.domain'] = text.slice(0, slash)
      if (slash + 1 < text.length) event['user.name'] = text.slice(slash + 1)
      return
    }
    case 'version':
      event['http.version'] = text.replace(/^HTTP\//i, '') || text
      return
    case 'agent':
      event['user_agent.original'] = spaced(text)
      return
    case 'cookie':
      event['iis.access.cookie'] = spaced(text)
      return
    case 'referrer':
      event['http.request.referrer'] = text
      return
    case 'host':
      putHost(event, text)
      if (event['url.domain'] !== undefined && ipOf(text) === undefined)
        event['destination.domain'] = event['url.domain']
      return
    case 'status':
      putStatus(event, text)
      return
    case 'forwarded':
      putForwarded(event, text)
      return
    case 'other':
      if (name !== undefined && !name.startsWith('streamid')) event[leftover(name)] ??= spaced(text)
      return
    case 'date':
    case 'time':
    case 'stem':
    case 'query':
      return
    default: {
      const n = integer(text)
      if (n === undefined || n < 0) return
      if (column === 'taken') event['event.duration'] = Math.min(n, 9_000_000_000) * 1e6
      else event[NUMBERS[column]] = n
    }
  }
}

const NUMBERS = {
  substatus: 'iis.access.sub_status',
  win32: 'iis.access.win32_status',
  sent: 'http.response.body.bytes',
  received: 'http.request.body.bytes',
} as const

const leftovers = new Map<string, string>()
const leftover = (name: string): string => {
  let field = leftovers.get(name)
  if (field === undefined) {
    field = `iis.access.${
      name
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '_')
        .replace(/^_+|_+$/g, '') || 'other'
    }`
    if (leftovers.size < 2000) leftovers.set(name, field)
  }
  return field
}

const directive = (line: string): Parsed => {
  if (!/^#Fields:/i.test(line)) return { skip: true }
  const fields = line.slice(8).trim().split(/\s+/).slice(0, 100)
  return fields[0] === '' ? { skip: true } : { skip: true, state: { fields } }
}

/** `#Software` and `#Date` come before every `#Fields`; #Fields holds until the next one. */
const fieldsOf = (state: ParserState): readonly string[] | undefined => {
  const fields = state?.['fields']
  return Array.isArray(fields) ? (fields as readonly string[]) : undefined
}

const parse = (line: string, _context: LineContext, state: ParserState): Parsed => {
  const first = line.charCodeAt(0)
  if (first === 35) return directive(line)
  if (first === 0xfeff && line.charCodeAt(1) === 35) return directive(line.slice(1))
  const words = line.split(' ')
  while (words.length > 0 && words[words.length - 1] === '') words.pop()
  if (words.length === 0) return { skip: true }
  const fields = fieldsOf(state)
  let columns: readonly Column[] | undefined
  let names: readonly string[] = []
  if (fields && fields.length === words.length) ({ columns, names } = knownLayout(fields))
  else columns = guess(words)
  if (!columns) {
    const want = fields
      ? `${fields.length} columns as #Fields says`
      : 'a #Fields directive before, or a known layout of IIS'
    return { error: `expected ${want}, found ${words.length} columns: ${JSON.stringify(line.slice(0, 80))}` }
  }
  const dateAt = columns.indexOf('date')
  const timeAt = columns.indexOf('time')
  const date = words[dateAt] ?? ''
  const clock = words[timeAt] ?? ''
  // W3C logs are in UTC whatever the server's zone is.
  const time = date.length === 10 && clock.length >= 8 ? dateTimeMillis(`${date}${clock}`, 0, 10) : Number.NaN
  if (Number.isNaN(time)) {
    return {
      error: `expected a date YYYY-MM-DD and a time HH:MM:SS, found ${JSON.stringify(`${date} ${clock}`.slice(0, 60))}`,
    }
  }
  const event: Event = {
    '@timestamp': time,
    'event.kind': 'event',
    'event.dataset': 'iis_access',
  }
  let stem = ''
  let query = ''
  for (let i = 0; i < columns.length; i++) {
    const text = words[i]!
    if (text === '-' || text === '') continue
    const column = columns[i]!
    if (column === 'stem') stem = text
    else if (column === 'query') query = text
    else put(event, column, text, names[i])
  }
  if (stem !== '') {
    putPath(event, query === '' ? stem : `${stem}?${query}`)
    event['url.original'] = query === '' ? stem : `${stem}?${query}`
  } else if (query !== '') event['url.query'] = query
  if (event['network.forwarded_ip'] !== undefined) putProxied(event)
  if (event['source.ip'] !== undefined && event['destination.ip'] !== undefined) {
    event['event.category'] = ['web', 'network']
    event['event.type'] = ['connection']
  } else event['event.category'] = ['web']
  return { event }
}

export const iisAccess: Parser = { id: 'iis_access', title: 'Microsoft IIS (W3C)', parse }
