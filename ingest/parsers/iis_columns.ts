/** What the columns of a W3C extended log are to us, and which ones a line has. Microsoft, "W3C Logging"; W3C, WD-logfile. */
import { addressOf } from '../row/address.ts'
import { lasting } from '../row/handles.ts'
import { integer, is, standsAt } from '../row/values.ts'

export type Column =
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

export interface Layout {
  readonly columns: readonly Column[]
  /** Of a column that has no field of its own: the one below iis.access; -1: it is passed over. */
  readonly fields: Int32Array
}

const leftover = (name: string): number => {
  if (name.startsWith('streamid')) return -1
  const own = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
  // Whoever sends lines may have named more than there is room for: that one is passed over.
  return lasting(`iis.access.${own || 'other'}`)
}
const known = new Map<string, Layout>()
/** The layout that names of columns mean. Bounded: whoever sends lines may send names. */
export const layoutOf = (names: readonly string[]): Layout => {
  const key = names.join(' ')
  let layout = known.get(key)
  if (layout) return layout
  const columns = names.map((name): Column => {
    const key = name.toLowerCase()
    return Object.hasOwn(COLUMNS, key) ? COLUMNS[key]! : 'other'
  })
  // The first columns that nobody knows have fields; names without end are nobody's.
  const fields = Int32Array.from(columns, (column, i) =>
    column === 'other' && known.size < 500 ? leftover(names[i]!) : -1,
  )
  layout = { columns, fields }
  if (known.size < 500) known.set(key, layout)
  return layout
}

/** Where the words of a line lie: two numbers each. */
export interface Words {
  readonly at: Int32Array
  count: number
}
export const MOST_WORDS = 128
/** Words between blanks; a text in quotes is one (W3C, WD-logfile: `""` within is a quote), its quotes left out. */
export const splitWords = (bytes: Uint8Array, from: number, to: number, words: Words): void => {
  const { at } = words
  let count = 0
  let i = from
  while (i < to && count < MOST_WORDS) {
    if (bytes[i] === 34) {
      let q = i + 1
      while (q < to && (bytes[q] !== 34 || (q + 1 < to && bytes[q + 1] === 34))) q += bytes[q] === 34 ? 2 : 1
      // Only where a blank follows is it one; else the quotes are a client's.
      if (q < to && (q + 1 === to || bytes[q + 1] === 32)) {
        at[count * 2] = i + 1
        at[count * 2 + 1] = q
        count++
        i = q + 2
        continue
      }
    }
    let end = i
    while (end < to && bytes[end] !== 32) end++
    at[count * 2] = i
    at[count * 2 + 1] = end
    count++
    i = end + 1
  }
  while (count > 0 && at[count * 2 - 1] === at[count * 2 - 2]) count--
  words.count = count
}

/** `192.0.2.1`, `fe80::1%3`, and `[192.0.2.1](http://…)` as an export through a mail program leaves it: where the address is. */
export const bareAddress = (bytes: Uint8Array, from: number, to: number): readonly [number, number] => {
  if (bytes[from] !== 91) return [from, to]
  let end = from
  while (end < to && bytes[end] !== 93) end++
  return [from + 1, Math.max(from + 1, end)]
}
export const isAddress = (bytes: Uint8Array, from: number, to: number): boolean =>
  addressOf(bytes, ...bareAddress(bytes, from, to)) !== undefined
const isWhole = (bytes: Uint8Array, from: number, to: number): boolean => !Number.isNaN(integer(bytes, from, to))
const isStatus = (bytes: Uint8Array, from: number, to: number): boolean =>
  to - from === 3 && integer(bytes, from, to) >= 100
const isPort = (bytes: Uint8Array, from: number, to: number): boolean => to - from <= 5 && integer(bytes, from, to) >= 0
const isMethod = (bytes: Uint8Array, from: number, to: number): boolean => {
  if (to - from < 2 || to - from > 32 || bytes[from]! < 65 || bytes[from]! > 90) return false
  for (let i = from + 1; i < to; i++)
    if (!((bytes[i]! >= 65 && bytes[i]! <= 90) || bytes[i] === 95 || bytes[i] === 45)) return false
  return true
}

/**
 * The columns of a line in a file without #Fields. Every layout of IIS keeps one order, in which the method, the port, the
 * client's address and the status are told by their shape; what stands between them is then known by count.
 */
export const guess = (bytes: Uint8Array, { at: w, count }: Words): readonly Column[] | undefined => {
  if (count < 8 || count > 40) return undefined
  const test = (shape: (bytes: Uint8Array, from: number, to: number) => boolean, n: number): boolean =>
    n < count && shape(bytes, w[n * 2]!, w[n * 2 + 1]!)
  const columns: Column[] = ['date', 'time']
  let at = 2
  while (at < 6 && !test(isMethod, at)) at++
  // `W3SVC1` has digits; a computer's name may look like a method, so a port has to stand three after it.
  while (at < 6 && !test(isPort, at + 3)) at++
  if (at >= 6) return undefined
  for (let i = 2; i < at; i++)
    columns.push(test(isAddress, i) ? 's-ip' : standsAt(bytes, w[i * 2]!, 'W3SVC') ? 'site' : 'computer')
  columns.push('method', 'stem', 'query', 's-port', 'user', 'c-ip')
  at += 6
  if (at > count || !test(isAddress, at - 1)) return undefined
  if (at < count && standsAt(bytes, w[at * 2]!, 'HTTP/')) {
    columns.push('version')
    at++
  }
  let status = at
  while (status < count && !(test(isStatus, status) && test(isWhole, status + 1) && test(isWhole, status + 2))) status++
  if (status >= count) return undefined
  columns.push(...middle(bytes, w, at, status), 'status', 'substatus', 'win32', ...tail(bytes, w, status + 3, count))
  return columns
}

const middle = (bytes: Uint8Array, w: Int32Array, from: number, to: number): readonly Column[] => {
  const isUrl = (n: number) => standsAt(bytes, w[n * 2]!, 'http://') || standsAt(bytes, w[n * 2]!, 'https://')
  switch (to - from) {
    case 0:
      return []
    case 1:
      return ['agent']
    case 2:
      return ['agent', 'referrer']
    case 3:
      return isUrl(from + 1) ? ['agent', 'referrer', 'host'] : ['agent', 'cookie', 'referrer']
    default:
      return ['agent', 'cookie', 'referrer', 'host', ...new Array<Column>(to - from - 4).fill('other')]
  }
}

const tail = (bytes: Uint8Array, w: Int32Array, from: number, to: number): Column[] => {
  let numbers = 0
  while (from + numbers < to && isWhole(bytes, w[(from + numbers) * 2]!, w[(from + numbers) * 2 + 1]!)) numbers++
  const columns: Column[] =
    numbers >= 3 ? ['sent', 'received', 'taken'] : numbers === 2 ? ['sent', 'taken'] : numbers === 1 ? ['taken'] : []
  for (let i = from + columns.length; i < to; i++) {
    const [a, z] = [w[i * 2]!, w[i * 2 + 1]!]
    const list = !columns.includes('forwarded') && (is(bytes, a, z, '-') || isList(bytes, a, z))
    columns.push(list ? 'forwarded' : isWhole(bytes, a, z) && columns.includes('forwarded') ? 'c-port' : 'other')
  }
  return columns
}
/** Only what addresses are written with, a dot or a colon among it. */
const isList = (bytes: Uint8Array, from: number, to: number): boolean => {
  let separated = false
  for (let i = from; i < to; i++) {
    const c = bytes[i]!
    const letter = c | 32
    if (c === 46 || c === 58) separated = separated || (i > from && i < to - 1)
    else if (
      !(
        (c >= 48 && c <= 57) ||
        (letter >= 97 && letter <= 102) ||
        c === 44 ||
        c === 43 ||
        c === 37 ||
        c === 91 ||
        c === 93
      )
    )
      return false
  }
  return separated
}
