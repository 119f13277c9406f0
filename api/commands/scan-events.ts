/**
 * `vonglau scan --events`: the rules over events of any program, one JSON object a line, with names as the rules have them.
 * Rules are routed by what an event says in `category`, `product` and `service`.
 */
import type { Event, Scalar, Value } from '../../ingest/event.ts'
import { openEngine } from '../../rules/engine/engine.ts'
import { CATALOG, loadRouted } from '../../rules/load.ts'
import { termOf } from '../../rules/new-terms.ts'
import type { Config } from '../config.ts'
import { chunks } from './lines.ts'
import { tell } from './printable.ts'
import { matchLine } from './scan.ts'
import { print } from './show.ts'

/** Bytes of the longest line that is read. */
const LONGEST = 16 << 20
/** So many lines that are no events are told one by one. */
const MOST_TOLD = 20

/** Prints a line for each match, as `scan` does; how many of each rule goes to standard error. Exit 1 where a line was no event. */
export const scanEvents = async (
  config: Config,
  folder: string | undefined,
  files: readonly string[],
): Promise<void> => {
  const loaded = loadRouted(
    folder !== undefined ? [folder] : config.rules === undefined ? [CATALOG] : [CATALOG, config.rules],
  )
  // Events of another program say no time and no id that would be known.
  const rules = loaded.filter(({ correlation }) => !correlation)
  if (rules.length < loaded.length)
    tell(`${loaded.length - rules.length} rules count events over time: they are left out`)
  const engine = openEngine(rules.map(({ filter }) => filter))
  const counts = new Float64Array(rules.length)
  let found: number[] = []
  const hit = (rule: number) => found.push(rule)
  /** Of rules of what was never seen: the values of before, in the order of the files. */
  const known = rules.map(({ newTerms }) => newTerms && new Set<string>())
  const isNew = (i: number, event: Event): boolean => {
    const values = known[i]
    if (!values) return true
    const term = termOf(rules[i]!.newTerms!, event)
    if (term === undefined || values.has(term)) return false
    values.add(term)
    return true
  }
  let bad = 0
  for (const file of files) {
    for await (const { first, lines } of batches(file)) {
      const out: string[] = []
      for (const [i, line] of lines.entries()) {
        const event = line === undefined ? TOO_LONG : eventOf(line)
        if (event === undefined) continue
        if (typeof event === 'string') {
          if (++bad <= MOST_TOLD) tell(`${file}:${first + i}: ${event}`)
          continue
        }
        engine.match(event, hit)
        if (found.length === 0) continue
        for (const rule of found.sort((a, b) => a - b)) {
          if (!isNew(rule, event)) continue
          counts[rule]!++
          out.push(matchLine(rules[rule]!, event))
        }
        found = []
      }
      await print(out)
    }
  }
  if (bad > MOST_TOLD) tell(`and ${bad - MOST_TOLD} more lines that are no events`)
  if (bad > 0) process.exitCode = 1
  for (const [i, rule] of rules.entries())
    if (counts[i]! > 0) tell(`${String(counts[i]).padStart(9)}  ${rule.id}  ${rule.name.vi}`)
  for (const [i, { id }] of rules.entries())
    if (known[i]?.size)
      tell(`${id}: what is new is judged within these files alone, each value once; what was there before is not known`)
}

const TOO_LONG = `the line is longer than ${LONGEST >> 20} MiB: it is not read`
interface Batch {
  /** Number of the first line, counted from 1. */
  readonly first: number
  /** Undefined for a line that is too long. */
  readonly lines: readonly (string | undefined)[]
}
const batches = async function* (file: string): AsyncIterable<Batch> {
  let first = 1
  // A line that is too long comes in parts: it is one that is not read, and ends where a line ends.
  let within = false
  for await (const { bytes, last } of chunks(file, LONGEST)) {
    const lines: (string | undefined)[] = []
    let from = 0
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      lines.push(within ? undefined : bytes.toString('utf8', from, end))
      within = false
      from = end + 1
    }
    if (from < bytes.length) {
      if (bytes.length < LONGEST && last && !within) lines.push(bytes.toString('utf8', from))
      else within = true
    }
    yield { first, lines }
    first += lines.length
  }
  if (within) yield { first, lines: [undefined] }
}

/** What a line says; a sentence where it is no event, undefined where it says nothing. */
const eventOf = (text: string): Event | string | undefined => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (text.trim() === '') return undefined
    return `this is no JSON (${(error as Error).message}): each line has to be one object, such as {"cs-uri": "/"}`
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return `found ${text.slice(0, 40)}: each line has to be one object, such as {"cs-uri": "/"}`
  for (const name in value) {
    const one = (value as Record<string, unknown>)[name]
    if (typeof one === 'object') return flat(value)
  }
  return value as Event
}

/** Objects within are named by their path; null says nothing; what lists hold is a set. */
const flat = (value: object): Event | string => {
  const event: Event = {}
  const add = (name: string, one: Scalar): void => {
    const before = Object.hasOwn(event, name) ? event[name]! : undefined
    const now: Value = before === undefined ? one : [...(Array.isArray(before) ? before : [before]), one]
    // `__proto__` is a name like any other.
    Object.defineProperty(event, name, { value: now, enumerable: true, configurable: true, writable: true })
  }
  const put = (name: string, one: unknown): void => {
    if (one === null) return
    if (Array.isArray(one)) for (const each of one) put(name, each)
    else if (typeof one === 'object') for (const [key, inner] of Object.entries(one!)) put(`${name}.${key}`, inner)
    else add(name, one as Scalar)
  }
  try {
    for (const [name, one] of Object.entries(value)) put(name, one)
  } catch {
    return 'it holds lists or objects within one another too deeply to be read'
  }
  return event
}
