/**
 * The visitor to DuckDB's SQL, over the columns of a day file (see duckdb/layout.ts). It answers a condition that holds
 * for every event that the filter matches; `exact` says that it holds for no other.
 */
import { COMPUTED } from '../computed/computed.ts'
import { fieldOf, type Scalar } from '../event.ts'
import { bounds, canonicalAddress, type Network, parseCidr } from '../ip.ts'
import { type Filter, isAny, isOne, type Leaf, type Pattern } from './filter.ts'
import { asNumber, fold, foldPattern } from './match.ts'
import { freeText, keyOf } from './words.ts'

export interface Condition {
  readonly sql: string
  readonly exact: boolean
}

/** A SQL text literal. DuckDB knows no escapes but the doubled quote; NUL would end the statement, so it is spelled. */
export const literal = (text: string): string =>
  text
    .toWellFormed()
    .split('\0')
    .map((part) => `'${part.replaceAll("'", "''")}'`)
    .join(' || chr(0) || ')
    .replace(/^(.*\|\|.*)$/s, '($1)')
export const column = (name: string): string => `"${name.replaceAll('"', '""')}"`
/** The place of a field in the rest column, as a JSON pointer (RFC 6901). */
export const pointer = (name: string): string => literal(`/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`)

/** What is known of the rows that are asked. */
export interface Asked {
  /** Some row keeps a column's value in its rest; without, the long way round is left out of the statement. */
  readonly odd: boolean
  /** The address fields of which every row has the numbers beside the text; undefined: all. */
  readonly numbered: ReadonlySet<string> | undefined
  /** Where it is known which words are in an event. */
  readonly words?: Words | undefined
}

/** Which sets of words come into question, by `keyOf` a pattern of free text; of one that is not there its texts are read. */
export interface Words {
  /** What a FROM names. */
  readonly table: string
  /** Some rows do not say their words. */
  readonly some: boolean
  /** The greatest number of a set that was looked at, where there may be others by now: of their rows the texts are read. */
  readonly upTo: number | undefined
  /** `exact`: the words alone decide. */
  readonly sets: Map<string, Condition>
}
const ANY: Asked = { odd: true, numbered: undefined }

export const toSql = (filter: Filter, asked: Asked = ANY): Condition => {
  let exact = true
  // `over`: a superset is wanted; else a subset (below an odd number of nots).
  const visit = (node: Filter, over: boolean): string => {
    if (node.op === 'not') return `(NOT coalesce(${visit(node.of, !over)}, false))`
    if (node.op === 'and' || node.op === 'or') {
      if (node.of.length === 0) return node.op === 'and' ? 'true' : 'false'
      const found = node.op === 'or' && asked.words ? freeText(node.of) : undefined
      const set = found && asked.words!.sets.get(keyOf(found.pattern))
      if (set) {
        const others = node.of.filter((part) => !(found.leaves as readonly Filter[]).includes(part))
        const texts = found.leaves.map((part) => visit(part, over)).join(' OR ')
        return `(${[worded(set, `(${texts})`, asked.words!), ...others.map((part) => visit(part, over))].join(' OR ')})`
      }
      return `(${node.of.map((part) => visit(part, over)).join(node.op === 'and' ? ' AND ' : ' OR ')})`
    }
    const answer = leaf(node, asked)
    if (answer.exact) return answer.sql
    exact = false
    return over ? answer.sql : 'false'
  }
  const sql = visit(filter, true)
  return { sql, exact }
}

/** Texts are named in a statement of their own: where it says a column, all rows of it are read, whatever the others say. */
const worded = (set: Condition, texts: string, { table, some, upTo }: Words): string => {
  const rows = [
    ...(set.exact || set.sql === 'false' ? [] : [set.sql]),
    ...(some ? ['words IS NULL'] : []),
    ...(upTo === undefined ? [] : [`words > ${upTo}`]),
  ]
  const read = rows.map((which) => `rowid IN (SELECT rowid FROM ${table} WHERE ${which} AND ${texts})`)
  return [...(set.exact ? [set.sql] : []), ...read].join(' OR ') || 'false'
}

const leaf = (node: Leaf, asked: Asked): Condition => {
  if (node.field === '*') return { sql: 'true', exact: false }
  // Decided in process, of those that have the field.
  if (node.op === 'ref' || node.op === 'part')
    return { sql: leaf({ op: 'exists', field: node.field }, asked).sql, exact: false }
  if (COMPUTED.has(node.field)) {
    const { of, any } = COMPUTED.get(node.field)!
    const there = of.map((name) => leaf({ op: 'exists', field: name }, asked).sql)
    return { sql: `(${inRest(node).sql} OR (${there.join(any ? ' OR ' : ' AND ')}))`, exact: false }
  }
  const field = fieldOf(node.field)
  if (field?.of) {
    const parts = field.of.map((name) => leaf({ ...node, field: name }, { ...asked, odd: false }))
    const made = `(${column(`${node.field}#made`)} AND (${parts.map(({ sql }) => sql).join(' OR ')}))`
    const exact = parts.every((part) => part.exact)
    if (!asked.odd) return { sql: made, exact }
    const own = inRest(node)
    // A value that is not in its column is not in what the column is asked.
    const strange = field.of.map((name) => inRest({ ...node, field: name }))
    return {
      sql: `(${made} OR (odd AND (${own.sql} OR (${column(`${node.field}#made`)} AND (${strange.map(({ sql }) => sql).join(' OR ')})))))`,
      exact: exact && own.exact && strange.every((part) => part.exact),
    }
  }
  if (!field?.column) return inRest(node)
  const name = column(node.field)
  // Values that do not fit their column (several in a single one, a separator inside) are in the rest of an odd row.
  const odd = !asked.odd || GIVEN.has(field.name) ? '' : inRest(node).sql
  const wrap = (sql: string, exact = true): Condition => ({ sql: odd ? `(${sql} OR (odd AND ${odd}))` : sql, exact })
  if (node.op === 'exists') return wrap(`${name} IS NOT NULL`)
  if (node.op === 'cidr') {
    // Of rows from before a field had numbers, and of texts that are addresses by chance, it is decided in process.
    if (field.type !== 'ip' || (asked.numbered && !asked.numbered.has(field.name)))
      return wrap(`${name} IS NOT NULL`, false)
    const network = parseCidr(node.network)
    if (!network) return { sql: 'false', exact: true }
    const [high, low] = [column(`${field.name}#high`), column(`${field.name}#low`)]
    if (!field.list) return wrap(within(network, high, low))
    return wrap(`len(list_filter(list_zip(${high}, ${low}), x -> ${within(network, 'x[1]', 'x[2]')})) > 0`)
  }
  // Without a function for each value: what rules ask of many rows, and few of them have any.
  if (field.list && node.op === 'in' && node.cased && field.type !== 'ip')
    return wrap(
      `coalesce(list_has_any(${name}, [${node.values.map((v) => literal(String(v))).join(', ')}]::VARCHAR[]), false)`,
    )
  if (field.list) return wrap(`len(list_filter(${name}, x -> ${test(node, 'x', field.type === 'ip')})) > 0`)
  if (field.type === 'boolean') return wrap(test(node, `CAST(${name} AS VARCHAR)`))
  if (field.type === 'long' || field.type === 'date') {
    if (node.op === 'range') return wrap(comparisons(node, name))
    if (node.op === 'in') {
      const numbers = node.values
        .map(String)
        .filter((text) => /^-?\d{1,16}$/.test(text) && String(Number(text)) === text)
      return wrap(numbers.length ? `${name} IN (${numbers.join(', ')})` : 'false')
    }
    return wrap(test(node, `CAST(${name} AS VARCHAR)`))
  }
  return wrap(test(node, name, field.type === 'ip'))
}

/** Single values that every event has, made by the program: always in their column. */
const GIVEN = new Set(['@timestamp', 'event.ingested', 'event.id'])

/** A network over the numbers of an address. */
const within = (network: Network, high: string, low: string): string => {
  const { first, last } = bounds(network)
  const family = network.bits < 96 ? ` AND NOT (${high} = 0 AND ${low} >> 32 = 65535)` : ''
  return network.bits <= 64
    ? `(${high} BETWEEN ${first.high} AND ${last.high}${family})`
    : `(${high} = ${first.high} AND ${low} BETWEEN ${first.low} AND ${last.low}${family})`
}

/** The leaf over the JSON of the rest column. */
const inRest = (node: Leaf): Condition => {
  const at = pointer(node.field)
  if (node.op === 'exists') return { sql: `json_exists(rest, ${at})`, exact: true }
  // An address kept in the rest has no number to compare.
  if (node.op === 'cidr') return { sql: `json_exists(rest, ${at})`, exact: false }
  const isIp = fieldOf(node.field)?.type === 'ip'
  const one = test(node, `json_extract_string(rest, ${at})`, isIp)
  const each = test(node, 'x', isIp)
  const sql = `coalesce(CASE json_type(rest, ${at}) WHEN 'ARRAY' THEN len(list_filter(from_json(json_extract(rest, ${at}), '["VARCHAR"]'), x -> ${each})) > 0 ELSE ${one} END, false)`
  return { sql, exact: true }
}

/** The test of a leaf on one value as text. */
const test = (node: Leaf, text: string, isIp = false): string => {
  switch (node.op) {
    case 'exists':
      return `${text} IS NOT NULL`
    case 'in': {
      const wanted = node.values.map((v) => value(v, isIp, node.cased))
      if (wanted.length === 0) return 'false'
      return `${node.cased ? text : `lower(${text})`} IN (${wanted.map(literal).join(', ')})`
    }
    case 'like':
      return like(node.cased ? text : `lower(${text})`, node.cased ? node.pattern : foldPattern(node.pattern))
    case 'regex': {
      const flags = [...new Set(node.flags ?? '')].filter((f) => 'ims'.includes(f)).join('')
      return `regexp_matches(${text}, ${literal(flags ? `(?${flags})${node.source}` : node.source)})`
    }
    case 'range':
      // A plain decimal, as `asNumber` says.
      return comparisons(
        node,
        `(CASE WHEN regexp_full_match(${text}, '-?[0-9]{1,18}(\\.[0-9]{1,20})?') THEN CAST(${text} AS DOUBLE) END)`,
      )
    case 'cidr':
    case 'ref':
    case 'part':
      return 'true'
  }
}

const value = (v: Scalar, isIp: boolean, cased = false): string => {
  const text = isIp ? (canonicalAddress(String(v)) ?? String(v)) : String(v)
  return cased ? text : fold(text)
}

const comparisons = (node: Extract<Leaf, { op: 'range' }>, n: string): string => {
  const parts: string[] = []
  const add = (sign: string, bound: number | undefined) => {
    if (bound !== undefined)
      parts.push(asNumber(bound) === undefined && !Number.isFinite(bound) ? 'false' : `${n} ${sign} ${number(bound)}`)
  }
  add('>', node.gt)
  add('>=', node.gte)
  add('<', node.lt)
  add('<=', node.lte)
  return parts.length ? `(${parts.join(' AND ')})` : `${n} IS NOT NULL`
}
const number = (n: number): string => (Number.isSafeInteger(n) ? String(n) : `CAST('${n}' AS DOUBLE)`)

const like = (text: string, pattern: Pattern): string => {
  const strings = pattern.filter((part) => typeof part === 'string')
  if (pattern.length === 0) return `${text} = ''`
  if (pattern.every((part) => isAny(part))) return `${text} IS NOT NULL`
  if (pattern.length === strings.length) return `${text} = ${literal(strings.join(''))}`
  const [a, b, c] = pattern
  if (pattern.length === 3 && isAny(a!) && typeof b === 'string' && isAny(c!)) return `contains(${text}, ${literal(b)})`
  if (pattern.length === 2 && typeof a === 'string' && isAny(b!)) return `starts_with(${text}, ${literal(a)})`
  if (pattern.length === 2 && isAny(a!) && typeof b === 'string') return `ends_with(${text}, ${literal(b)})`
  const spelled = pattern
    .map((part) => (typeof part === 'string' ? part.replace(/[\\%_]/g, '\\$&') : isOne(part) ? '_' : '%'))
    .join('')
  return `${text} LIKE ${literal(spelled)} ESCAPE '\\'`
}
