/**
 * The search bar's language: KQL as Kibana users know it, to the filter tree. `field : value`, `field : (a or b)`, ranges
 * `>= > < <=`, wildcards, CIDR for addresses, and/or/not, parentheses, quoted phrases, free text. Not there: nested `{ }`.
 * A value is compared whole and without case; in fields that hold running text it is looked for inside.
 */
import { FIELDS, fieldOf, typeOf } from '../event.ts'
import { parseCidr } from '../ip.ts'
import { ANY, and, contains, type Filter, not, or, type Pattern } from './filter.ts'

/** Fields that hold running text: a value is looked for inside them. */
const RUNNING = new Set([
  'event.original',
  'message',
  'error.message',
  'event.reason',
  'url.original',
  'url.decoded',
  'url.query',
  'url.full',
  'user_agent.original',
  'http.request.referrer',
  'organization.name',
  'rule.name',
  'source.as.organization.name',
  'observer.product',
  'title',
])
/** Where free text looks in an event. */
export const FREE_TEXT: readonly string[] = [
  'event.original',
  'url.decoded',
  'error.message',
  'organization.name',
  'portal.domain',
]

export class KqlError extends Error {
  override readonly name = 'KqlError'
  readonly vi: string
  readonly from: number
  readonly to: number
  constructor(en: string, vi: string, from: number, to: number) {
    super(en)
    this.vi = vi
    this.from = from
    this.to = to
  }
}

interface Token {
  readonly kind: 'word' | 'quoted' | '(' | ')' | ':' | '<' | '<=' | '>' | '>=' | 'and' | 'or' | 'not' | 'end'
  readonly text: string // as written, quotes and escapes resolved
  readonly parts: Pattern // of a word: literal runs and stars
  readonly from: number
  readonly to: number
}

const ESCAPES: { [c: string]: string } = { t: '\t', r: '\r', n: '\n' }

export const tokenize = (input: string): Token[] => {
  const tokens: Token[] = []
  let at = 0
  const push = (kind: Token['kind'], text: string, parts: Pattern, from: number) =>
    tokens.push({ kind, text, parts, from, to: at })
  while (at < input.length) {
    const c = input[at]!
    const from = at
    if (/\s/.test(c)) at++
    else if (c === '(' || c === ')' || c === ':') {
      at++
      push(c, c, [], from)
    } else if (c === '<' || c === '>') {
      at++
      if (input[at] === '=') at++
      push(input.slice(from, at) as '<', input.slice(from, at), [], from)
    } else if (c === '{' || c === '}') {
      throw new KqlError(
        `"${c}" (nested fields) is not part of this search: write the field's whole name, such as source.ip`,
        `"${c}" (trường lồng) không dùng ở đây: hãy viết cả tên trường, ví dụ source.ip`,
        from,
        from + 1,
      )
    } else if (c === '"') {
      let text = ''
      at++
      for (; at < input.length && input[at] !== '"'; at++) {
        if (input[at] === '\\' && at + 1 < input.length) text += ESCAPES[input[++at]!] ?? input[at]!
        else text += input[at]!
      }
      if (at >= input.length)
        throw new KqlError(
          'the quotation mark is not closed: add " at the end',
          'dấu ngoặc kép chưa đóng: hãy thêm " ở cuối',
          from,
          input.length,
        )
      at++
      push('quoted', text, [text], from)
    } else {
      let text = ''
      const parts: (string | typeof ANY)[] = []
      let run = ''
      for (; at < input.length && !/[\s():<>"{}]/.test(input[at]!); at++) {
        if (input[at] === '\\' && at + 1 < input.length) {
          const next = ESCAPES[input[++at]!] ?? input[at]!
          text += next
          run += next
        } else if (input[at] === '*') {
          text += '*'
          if (run) parts.push(run)
          run = ''
          if (parts.at(-1) !== ANY) parts.push(ANY)
        } else {
          text += input[at]!
          run += input[at]!
        }
        // An IPv6 address or a time has colons of its own: they belong to the value where hex or digits go on.
        if (input[at + 1] === ':' && belongs(input, from, at + 1)) {
          while (/[0-9a-fA-F:.]/.test(input[at + 1] ?? '')) {
            at++
            text += input[at]!
            run += input[at]!
          }
        }
      }
      if (run) parts.push(run)
      const word = input.slice(from, at).toLowerCase()
      push(word === 'and' || word === 'or' || word === 'not' ? word : 'word', text, parts, from)
    }
  }
  push('end', '', [], at)
  return tokens
}

/** The colon at `colon` is inside an address or a time that begins at `from`. */
const belongs = (input: string, from: number, colon: number): boolean => {
  const before = input.slice(from, colon)
  const rest = /^[0-9a-fA-F:.]*/.exec(input.slice(colon))![0]
  return (
    (/^[0-9a-fA-F:]{1,39}$/.test(before) && /^:[0-9a-fA-F:.]/.test(rest) && (before + rest).split(':').length > 2) ||
    (/^\d{4}-\d\d-\d\dT\d\d$/.test(before) && /^:\d\d/.test(rest))
  )
}

/** Throws a `KqlError` that points at the place. `text`: the fields that free text is looked for in. */
export const parseKql = (input: string, options: { text: readonly string[] }): Filter => {
  const tokens = tokenize(input)
  let i = 0
  let depth = 0
  const peek = () => tokens[i]!
  const unexpected = (wantedEn: string, wantedVi: string): never => {
    const token = peek()
    if (token.kind === 'end')
      throw new KqlError(
        `something is missing at the end: ${wantedEn}`,
        `thiếu phần cuối: ${wantedVi}`,
        Math.max(0, token.from - 1),
        token.from,
      )
    throw new KqlError(
      `"${input.slice(token.from, token.to)}" cannot stand here: ${wantedEn}`,
      `"${input.slice(token.from, token.to)}" không đứng ở đây được: ${wantedVi}`,
      token.from,
      token.to,
    )
  }
  const nest = <T>(work: () => T): T => {
    if (++depth > 100)
      throw new KqlError('the parentheses are nested too deeply', 'ngoặc lồng quá sâu', peek().from, peek().to)
    const result = work()
    depth--
    return result
  }

  /** or > and > not, for whole expressions and for the values of one field alike. */
  const disjunction = (one: () => Filter): Filter => {
    const of = [conjunction(one)]
    while (peek().kind === 'or') {
      i++
      of.push(conjunction(one))
    }
    return or(...of)
  }
  const conjunction = (one: () => Filter): Filter => {
    const of = [negation(one)]
    for (;;) {
      if (peek().kind === 'and') i++
      else if (!(one === expression && startsExpression())) break // words side by side are both wanted
      of.push(negation(one))
    }
    return and(...of)
  }
  const startsExpression = () => ['word', 'quoted', '(', 'not'].includes(peek().kind)
  const negation = (one: () => Filter): Filter => {
    if (peek().kind === 'not') {
      i++
      return nest(() => not(negation(one)))
    }
    return one()
  }
  const group = (one: () => Filter): Filter =>
    nest(() => {
      const open = tokens[i++]!
      const inner = disjunction(one)
      if (peek().kind === 'end')
        throw new KqlError('the parenthesis is not closed: add )', 'ngoặc chưa đóng: hãy thêm )', open.from, open.to)
      if (peek().kind !== ')') unexpected('expected ) or and, or', 'cần ) hoặc and, or')
      i++
      return inner
    })

  const expression = (): Filter => {
    const token = peek()
    if (token.kind === '(') return group(expression)
    if (token.kind !== 'word' && token.kind !== 'quoted')
      return unexpected('expected a field or a word', 'cần một trường hoặc một từ')
    const next = tokens[i + 1]!.kind
    if (next === ':') {
      i += 2
      return fieldValues(token)
    }
    if (next === '<' || next === '<=' || next === '>' || next === '>=') {
      i += 2
      return range(token, next)
    }
    i++
    return freeText(token)
  }

  const freeText = (token: Token): Filter => {
    if (token.kind === 'word' && token.parts.length === 1 && token.parts[0] === ANY) return and()
    const inner = token.kind === 'quoted' ? [token.text] : [...token.parts]
    const pattern = [ANY, ...inner, ANY].filter((part, k, all) => part !== ANY || all[k - 1] !== ANY)
    return or(...options.text.map((field): Filter => ({ op: 'like', field, pattern })))
  }

  const fieldName = (token: Token): string => {
    if (token.text.includes('*'))
      throw new KqlError(
        `a field's name cannot hold *: name one field, such as source.ip`,
        'tên trường không chứa *: hãy viết một trường, ví dụ source.ip',
        token.from,
        token.to,
      )
    return token.text
  }

  const fieldValues = (token: Token): Filter => {
    const field = fieldName(token)
    const one = (): Filter => {
      const value = peek()
      if (value.kind === '(') return group(one)
      if (value.kind !== 'word' && value.kind !== 'quoted')
        return unexpected(`expected a value for ${field}`, `cần một giá trị cho ${field}`)
      i++
      return fieldValue(field, value)
    }
    if (peek().kind === '(') return group(one)
    return one()
  }

  const fieldValue = (field: string, value: Token): Filter => {
    if (value.kind === 'word' && value.parts.length === 1 && value.parts[0] === ANY) return { op: 'exists', field }
    const wild = value.kind === 'word' && value.parts.some((part) => part === ANY)
    const type = typeOf(field)
    if (!wild && (type === 'ip' || type === undefined) && /^[0-9a-fA-F:.]+\/\d{1,3}$/.test(value.text)) {
      if (!parseCidr(value.text))
        throw new KqlError(
          `"${value.text}" is no network: write 192.0.2.0/24 or 2001:db8::/32`,
          `"${value.text}" không phải dải mạng: hãy viết 192.0.2.0/24 hoặc 2001:db8::/32`,
          value.from,
          value.to,
        )
      return { op: 'cidr', field, network: value.text }
    }
    if (type === 'date') {
      const [from, to] = dateSpan(value)
      return { op: 'range', field, gte: from, lt: to }
    }
    if (wild)
      return {
        op: 'like',
        field,
        pattern: RUNNING.has(field)
          ? [ANY, ...value.parts, ANY].filter((part, k, all) => part !== ANY || all[k - 1] !== ANY)
          : value.parts,
      }
    return RUNNING.has(field) ? contains(field, value.text) : { op: 'in', field, values: [value.text] }
  }

  const range = (token: Token, sign: '<' | '<=' | '>' | '>='): Filter => {
    const field = fieldName(token)
    const value = peek()
    if (value.kind !== 'word' && value.kind !== 'quoted')
      return unexpected(`expected a number or a time after ${sign}`, `cần một số hoặc thời điểm sau ${sign}`)
    i++
    const key = ({ '<': 'lt', '<=': 'lte', '>': 'gt', '>=': 'gte' } as const)[sign]
    if (typeOf(field) === 'date') {
      const [from, to] = dateSpan(value)
      // A day or minute as a bound: >= its beginning, > its end.
      if (sign === '>=') return { op: 'range', field, gte: from }
      if (sign === '<') return { op: 'range', field, lt: from }
      return sign === '>' ? { op: 'range', field, gte: to } : { op: 'range', field, lt: to }
    }
    const number = Number(value.text)
    if (value.text.trim() === '' || !Number.isFinite(number))
      throw new KqlError(
        `"${value.text}" is no number: ${field} ${sign} needs one`,
        `"${value.text}" không phải số: ${field} ${sign} cần một số`,
        value.from,
        value.to,
      )
    return { op: 'range', field, [key]: number } as Filter
  }

  if (peek().kind === 'end') return and()
  const filter = disjunction(expression)
  if (peek().kind !== 'end') unexpected('expected and, or, or the end', 'cần and, or hoặc kết thúc')
  return filter
}

/** The span that a time names: a year, day, minute, second or millisecond, in UTC where no zone is written. */
const dateSpan = (token: Token): [number, number] => {
  const text = token.text
  const m = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d{1,3})?)?(Z|[+-]\d\d:?\d\d)?)?)?)?$/.exec(
    text,
  )
  const start = /^\d{12,13}$/.test(text)
    ? Number(text)
    : m
      ? Date.parse(
          `${m[1]}-${m[2] ?? '01'}-${m[3] ?? '01'}T${m[4] ?? '00'}:${m[5] ?? '00'}:${m[6] ?? '00'}${m[7] ?? ''}${(m[8] ?? 'Z').replace(/^([+-]\d\d)(\d\d)$/, '$1:$2')}`,
        )
      : Number.NaN
  if (!Number.isFinite(start))
    throw new KqlError(
      `"${text}" is no time: write 2026-11-21, or "2026-11-21T14:05:00+07:00"`,
      `"${text}" không phải thời điểm: hãy viết 2026-11-21, hoặc "2026-11-21T14:05:00+07:00"`,
      token.from,
      token.to,
    )
  if (!m || m[7]) return [start, start + 1]
  const date = new Date(start)
  if (!m[2]) return [start, date.setUTCFullYear(date.getUTCFullYear() + 1)]
  if (!m[3]) return [start, date.setUTCMonth(date.getUTCMonth() + 1)]
  return [start, start + (!m[4] ? 86_400_000 : !m[6] ? 60_000 : 1000)]
}

export interface Hint {
  readonly items: { text: string; kind: 'field' | 'value' | 'operator'; from: number; to: number }[]
  /** The field whose values fit at the cursor, and what of a value is written. */
  readonly field?: string
  readonly prefix: string
  readonly from: number
  readonly to: number
}

/** What can stand at the cursor. Never throws: a half-written search is the normal case here. */
export const suggest = (input: string, at: number): Hint => {
  let tokens: Token[]
  try {
    tokens = tokenize(input.slice(0, at)).slice(0, -1)
  } catch {
    return { items: [], prefix: '', from: at, to: at }
  }
  const last = tokens.at(-1)
  const touching =
    last &&
    last.to === at &&
    (last.kind === 'word' || last.kind === 'quoted' || last.kind === 'and' || last.kind === 'or' || last.kind === 'not')
      ? last
      : undefined
  const before = touching ? tokens.at(-2) : last
  const prefix = touching?.text ?? ''
  const from = touching?.from ?? at
  if (before?.kind === ':') {
    const field = tokens.at(touching ? -3 : -2)?.text
    if (field !== undefined) return { items: [], ...(fieldOf(field) ? { field } : {}), prefix, from, to: at }
  }
  const operators = !touching && before && (before.kind === 'word' || before.kind === 'quoted' || before.kind === ')')
  if (operators)
    return {
      items: ['and', 'or'].map((text) => ({ text, kind: 'operator' as const, from: at, to: at })),
      prefix: '',
      from: at,
      to: at,
    }
  const wanted = prefix.toLowerCase()
  const names = FIELDS.map((field) => field.name)
  const ranked = [
    ...names.filter((name) => name.startsWith(wanted)),
    ...names.filter((name) => !name.startsWith(wanted) && wanted !== '' && name.includes(wanted)),
  ]
  return {
    items: ranked.slice(0, 12).map((name) => ({ text: `${name} : `, kind: 'field' as const, from, to: at })),
    prefix,
    from,
    to: at,
  }
}
