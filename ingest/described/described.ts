/** A parser that somebody describes in a file: its description, which is plain JSON, to a parser. */
import { z } from 'zod'
import { type Const, constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { LONG, type Row, TEXT } from '../row/row.ts'
import { expected } from '../parsers/clf.ts'
import { columns, splitColumns } from '../parsers/csv.ts'
import { CUT, readJson } from '../parsers/json.ts'
import { keyTable, Pairs } from '../parsers/keyvalue.ts'
import { Leaves, ROOT, STRING } from '../parsers/leaves.ts'
import { type Answer, EVENT, type LineContext, type Parse, SKIP } from '../parsers/parser.ts'
import { type Kind, Plan, timeOf } from '../parsers/plan.ts'
import { zoneOf } from '../parsers/stamps.ts'
import { fieldOf } from '../event.ts'
import { momentOf, type ReadTime } from './moment.ts'
import { type Pattern, patternOf } from './pattern.ts'

export const KINDS = [
  'text',
  'lower',
  'long',
  'port',
  'ip',
  'side',
  'endpoint',
  'list',
  'boolean',
  'mac',
  'transport',
  'seconds',
  'millis',
  'url',
  'host',
  'time',
] as const
const text = z.string().min(1)
const scalar = z.union([z.string().min(1), z.number(), z.boolean()])
const constants = z.record(text, z.union([scalar, z.array(text).min(1)]))
const target = z.union([text, z.strictObject({ field: text, as: z.enum(KINDS).optional() })])
const time = z.strictObject({ format: text.optional(), zone: text.optional() })
const when = z.record(
  text,
  z.union([scalar, z.array(scalar).min(1), z.strictObject({ from: z.number(), to: z.number() })]),
)
export const reading = z.strictObject({
  /** The whole line; captures are fields. */
  pattern: text.optional(),
  /** Paths of a JSON object, `client.addr`, and their fields. */
  json: z.record(text, target).optional(),
  /** Keys of `key=value key="quoted value"` and their fields; where in the line they stand says the capture `pairs` of a pattern beside. */
  pairs: z.record(text, target).optional(),
  /** Columns in their order; `-` is one that says nothing. */
  csv: z.array(target).min(1).optional(),
  separator: z.string().length(1).optional(),
  /** What a capture is, where its field does not say it. */
  as: z.record(text, z.enum(KINDS)).optional(),
  /** The lines say nothing: not stored. */
  skip: z.literal(true).optional(),
  time: time.optional(),
  constants: constants.optional(),
})
export const description = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9_]{1,40}$/, 'small letters, digits and "_"'),
  title: text,
  time: time.optional(),
  constants: constants.optional(),
  read: z.array(reading).min(1),
  /** What follows from what was read, all that apply, in order. */
  cases: z.array(z.strictObject({ when, say: constants })).optional(),
})
export type Description = z.output<typeof description>
type Reading = z.output<typeof reading>
type Values = z.output<typeof constants>

export const TIME = '@timestamp'
/** The capture that says where pairs stand. */
export const PAIRS = 'pairs'
/** What a field is by its name. */
export const kindOf = (name: string): Kind => {
  if (name === 'source.ip' || name === 'destination.ip') return 'side'
  if (name === 'url.original') return 'url'
  if (name === 'url.domain') return 'host'
  if (name === 'network.transport') return 'transport'
  if (/(?:^|\.)port$/.test(name)) return 'port'
  if (/(?:^|\.)mac$/.test(name)) return 'mac'
  const known = fieldOf(name)
  if (known?.list) return known.type === 'ip' ? 'ips' : 'list'
  switch (known?.type) {
    case 'ip':
      return 'ip'
    case 'date':
      return 'time'
    case 'long':
      return 'long'
    case 'boolean':
      return 'boolean'
    default:
      return 'text'
  }
}
export const targetOf = (said: string | { field: string; as?: Kind | undefined }): { field: string; kind: Kind } => {
  const name = typeof said === 'string' ? said : said.field
  return { field: name, kind: (typeof said === 'string' ? undefined : said.as) ?? kindOf(name) }
}

const F_TIME = field(TIME)
const F_SOURCE = 'source'
type Say = (row: Row) => void
const sayAll = (values: Values | undefined): Say => {
  const each = Object.entries(values ?? {}).map(([name, value]): Say => {
    const f = field(name)
    if (Array.isArray(value)) {
      const words = value.map(constant)
      return (row) => {
        row.list(f)
        for (let i = 0; i < words.length; i++) row.constItem(words[i]!)
      }
    }
    if (typeof value === 'number') return (row) => row.double(f, value)
    if (typeof value === 'boolean') return (row) => row.boolean(f, value)
    const word: Const = constant(value)
    if (fieldOf(name)?.list)
      return (row) => {
        row.list(f)
        row.constItem(word)
      }
    return (row) => row.const(f, word)
  })
  return (row) => {
    for (let i = 0; i < each.length; i++) each[i]!(row)
  }
}
type Test = (row: Row) => boolean
const testOf = ([name, wanted]: [string, z.output<typeof when>[string]]): Test => {
  const f = field(name)
  if (typeof wanted === 'object' && !Array.isArray(wanted))
    return (row) => row.has(f) && row.kind[f] === LONG && row.number[f]! >= wanted.from && row.number[f]! <= wanted.to
  const values = [wanted].flat()
  const texts = new Set(values.map(String))
  return (row) => {
    if (!row.has(f)) return false
    if (row.kind[f] === TEXT) return texts.has(row.get(f)!)
    const value = row.value(f)
    return Array.isArray(value) ? value.some((one) => texts.has(String(one))) : texts.has(String(value))
  }
}
const casesOf = (cases: Description['cases']): Say => {
  const all = (cases ?? []).map(({ when: tests, say }) => ({
    tests: Object.entries(tests).map(testOf),
    say: sayAll(say),
  }))
  return (row) => {
    for (const { tests, say } of all) if (tests.every((test) => test(row))) say(row)
  }
}

/** Takes a line apart into leaves; false where it is not of this kind. */
type Take = (row: Row, from: number, to: number) => boolean
interface Opened {
  readonly take: Take
  readonly leaves: Leaves
  readonly plan: Plan
  readonly skip: boolean
  readonly time: ReadTime
  readonly zone: string | undefined
  readonly say: Say
}
const encoder = new TextEncoder()
const takeOf = (each: Reading, leaves: Leaves, names: readonly string[]): Take => {
  if (each.json)
    return (row, from, to) => {
      if (row.bytes[from] !== 123) return false
      const answer = readJson(row, from, to, leaves)
      // Half a line says what it says; what is no JSON is another's.
      return answer < 0 && (answer !== CUT || leaves.count > 0)
    }
  let known: readonly string[] | undefined
  const nodes = new Int32Array(names.length)
  const look = () => {
    if (known === leaves.names) return
    known = leaves.names
    names.forEach((name, i) => {
      const bytes = encoder.encode(name)
      nodes[i] = name === '-' ? -1 : leaves.find(ROOT, bytes, 0, bytes.length)
    })
  }
  if (each.csv) {
    const found = columns()
    const separator = (each.separator ?? ',').charCodeAt(0)
    return (row, from, to) => {
      splitColumns(row, from, to, found, separator)
      if (found.count !== names.length) return false
      look()
      for (let i = 0; i < names.length; i++)
        if (found.to[i]! > found.from[i]!) leaves.add(nodes[i]!, STRING, found.from[i]!, found.to[i]!)
      return true
    }
  }
  const keys = Object.keys(each.pairs ?? {})
  const pairs = keys.length > 0 ? new Pairs(keyTable(keys)) : undefined
  const takePairs = (row: Row, from: number, to: number, first: number) => {
    pairs!.scan(row, from, to)
    for (let k = 0; k < pairs!.count; k++) {
      const id = pairs!.present[k]!
      if (pairs!.to[id]! > pairs!.from[id]!) leaves.add(nodes[first + id]!, STRING, pairs!.from[id]!, pairs!.to[id]!)
    }
    return pairs!.count > 0
  }
  if (each.pattern === undefined)
    return (row, from, to) => {
      look()
      return takePairs(row, from, to, 0)
    }
  const pattern: Pattern = patternOf(each.pattern)
  const where = pairs ? pattern.names.indexOf(PAIRS) : -1
  const captures = pattern.names.map((_, i) => i).filter((i) => i !== where)
  return (row, from, to) => {
    if (!pattern.matches(row.bytes, from, to)) return false
    look()
    const { found } = pattern
    for (let n = 0; n < captures.length; n++) {
      const i = captures[n]!
      if (found[i * 2 + 1]! > found[i * 2]!) leaves.add(nodes[n]!, STRING, found[i * 2]!, found[i * 2 + 1]!)
    }
    if (where >= 0 && found[where * 2]! >= 0) takePairs(row, found[where * 2]!, found[where * 2 + 1]!, captures.length)
    return true
  }
}
/** The names by which a reading says its values, each with field and kind. */
export const targetsOf = (
  each: Reading,
): readonly (readonly [name: string, target: { field: string; kind: Kind }])[] => {
  if (each.json) return Object.entries(each.json).map(([path, said]) => [path, targetOf(said)] as const)
  const pairs = Object.entries(each.pairs ?? {}).map(([key, said]) => [key, targetOf(said)] as const)
  if (each.csv) return each.csv.map((said) => [typeof said === 'string' ? said : said.field, targetOf(said)] as const)
  if (each.pattern === undefined) return pairs
  const captured = patternOf(each.pattern).names.filter((name) => !each.pairs || name !== PAIRS)
  return [...captured.map((name) => [name, targetOf({ field: name, as: each.as?.[name] })] as const), ...pairs]
}
const openReading = (each: Reading, all: Description): Opened => {
  const targets = targetsOf(each)
  const time = targets.find(([, { field: name }]) => name === TIME)
  const leaves = new Leaves(time ? [time[0]] : [])
  const rules = Object.fromEntries(
    targets
      .filter(([name]) => name !== '-')
      .map(([name, { field: to, kind }]) => [
        name,
        to === TIME
          ? (['own'] as const)
          : kind === 'side' || kind === 'endpoint'
            ? ([kind, to.startsWith(F_SOURCE) ? 'source' : 'destination'] as const)
            : ([kind, to] as const),
      ]),
  )
  const { format, zone } = { ...all.time, ...each.time }
  return {
    take: takeOf(
      each,
      leaves,
      targets.map(([name]) => name),
    ),
    leaves,
    plan: new Plan(`${all.id}.`, rules, false),
    skip: each.skip === true,
    time: format === undefined ? timeOf : momentOf(format),
    zone,
    say: sayAll({ ...all.constants, ...each.constants }),
  }
}

/** The parser that is described. The description was checked (`check.ts`). */
export const openDescribed = (all: Description): Parse => {
  const readings = all.read.map((each) => openReading(each, all))
  const follow = casesOf(all.cases)
  const say = (row: Row, opened: Opened, from: number, to: number, context: LineContext): Answer => {
    const { leaves, plan, zone } = opened
    const at = leaves.at[1] ?? -1
    const wallIn = (timezone: string): number =>
      opened.time(row.bytes, leaves.from[at]!, leaves.to[at]!, timezone, context.arrived)
    const timezone =
      zone ?? (context.header?.zone === undefined || at < 0 ? context.timezone : zoneOf(context, wallIn('UTC')))
    const time = at >= 0 ? wallIn(timezone) : (context.header?.time ?? context.arrived)
    if (Number.isNaN(time))
      return expected(row, `a time as the parser ${all.id} describes it`, leaves.from[at]!, leaves.to[at]!)
    row.long(F_TIME, time)
    opened.say(row)
    plan.put(row, leaves, timezone)
    follow(row)
    return EVENT
  }
  return (row, from, to, context) => {
    let end = to
    while (end > from && row.bytes[end - 1]! <= 32) end--
    if (from >= end) return SKIP
    for (let i = 0; i < readings.length; i++) {
      const opened = readings[i]!
      opened.leaves.clear()
      if (!opened.take(row, from, end)) continue
      return opened.skip ? SKIP : say(row, opened, from, end, context)
    }
    return expected(row, `a line that the parser ${all.id} describes`, from, end)
  }
}
