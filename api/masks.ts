/**
 * Citizens' data and secrets that portals write into their addresses (passwords, tokens, identity numbers): masked for roles
 * that do not work with single requests, in every answer and stream, by patterns. What is stored and what rules see is whole.
 *
 * Masked is also what can be searched for: a condition on a field is never met by a value of it that holds something masked,
 * or the number of hits would tell a secret sign by sign.
 */
import { RE2JS } from 're2js'
import { inputsOf } from '../ingest/computed/computed.ts'
import { typeOf } from '../ingest/event.ts'
import { and, type Filter, type Leaf, NOTHING, not, or } from '../ingest/store/filter.ts'
import type { Role } from './contract.ts'
import { roleMay } from './permissions.ts'

export interface Mask {
  readonly name: string
  /** RE2. What its groups hold is masked; without groups, all of it. */
  readonly pattern: string
  /** Fields; without: all that hold text of others. */
  readonly in?: readonly string[] | undefined
}

/** What encodes: `%` and how often it was encoded itself, and the beginning of `%uXXXX` (IIS). */
const ESCAPE = '%(?:25)*'
const code = (sign: string): string => sign.charCodeAt(0).toString(16)
/**
 * A pattern of names whose every letter may also stand encoded, once or often (`pass%77ord`, `p%2561ss`): the portal decodes
 * it and takes the password, while no browser writes so.
 */
const spelled = (names: string): string =>
  names
    .replaceAll(/[a-z]/g, (c) => `(?:${c}|${ESCAPE}(?:u00)?[${code(c)[0]}${code(c.toUpperCase())[0]}]${code(c)[1]})`)
    .replaceAll('[_-]', `(?:[_-]|${ESCAPE}(?:u00)?(?:5f|2d))`)

/** Before a parameter of an address, written plainly or inside another, and of JSON. */
const BEGINS = `^|[?&;"'{,(]\\s*|${ESCAPE}(?:3f|26|3b)`
const EQUALS = `=|${ESCAPE}3d`
/** In quotes to their end, also where the quotes themselves are escaped (JSON within JSON); else up to what ends a parameter. */
const VALUE = `(?:"((?:[^"\\\\]|\\\\.)*)|\\\\"((?:[^"\\\\]|\\\\[^"])*)|'([^']*)|([^&\\s"'<>;,]+))`
/**
 * A parameter whose name holds one of these words; its value, up to what ends it. Of an address: lines of firewalls are full
 * of "sessionid=" that is nobody's secret, after a space. What stands beside the word is as short as it can be, for an
 * encoded "=" must not count as part of the name.
 */
const parameter = (names: string, begins = BEGINS) =>
  `(?i)(?:${begins})[\\w.\\[\\]%-]*?(?:${spelled(names)})[\\[\\]\\w.%-]*?(?:\\s?=|${EQUALS}|\\\\?"\\s*:)\\s*${VALUE}`
/** In force beside those that the configuration adds. */
export const MASKS: readonly Mask[] = [
  { name: 'password', pattern: parameter('pass[_-]?w(?:or)?d|passphrase|passcode|pwd|mat[_-]?khau', `${BEGINS}|\\s`) },
  { name: 'token', pattern: parameter('token|api[_-]?key|secret|signature|jwt') },
  { name: 'session', pattern: parameter('session|sessid|ticket') },
  { name: 'bearer', pattern: '(?i)\\b(?:bearer|basic)(?:\\s+|%(?:25)*20|\\+)([\\w.~+/=-]{8,})' },
  {
    name: 'code',
    pattern: `(?i)(?:${BEGINS})(?:${spelled('pass|pw|mk|sid|otp|pin')})(?:\\[\\w*\\]|${ESCAPE}5b\\w*${ESCAPE}5d)?(?:${EQUALS})([^&\\s"'<>;,]+)`,
  },
  {
    name: 'identity number',
    pattern: parameter(
      'cccd|cmnd|cmtnd|so[_-]?cmt|can[_-]?cuoc|dinh[_-]?danh|giay[_-]?to|citizen[_-]?id|identity|id[_-]?card',
    ),
  },
]

export const MASKED = '•••'

/** What of an answer is not of events: a rule's own words, and what only this program reads. */
const OURS = new Set(['rule_description', 'rule_guide', 'rule_condition', 'expected', 'cursor', 'id', 'act'])
/** The parts of the API that show neither events nor alerts: settings and rules name such parameters themselves. */
const WITHOUT_EVENTS = /^\/api\/(?:rules|sources|me|users|people|audit|health|openapi\.json)(?:\/|$)/

/** Fields that this program or the inventory writes, and what no parameter fits into. */
const SAFE =
  /^(?:organization|portal|network|observer|alert|incident|vonglau\.source|source|destination|related|log|http\.response)\.|^(?:rule\.(?:id|level)|http\.(?:request\.method|version)|event\.(?!original$|reason$|reference$).*)$/
/** As rows of the API name them. */
const ALIASES: Readonly<Record<string, string>> = {
  __proto__: null as never,
  user: 'user.name',
  observer: 'observer.name',
  log_source: 'vonglau.source.id',
}
const JOINED = new Set(['label', 'title'])
const isSafe = (field: string): boolean =>
  (typeOf(field) !== undefined && typeOf(field) !== 'keyword') || SAFE.test(field)

/** The bytes of a line that is no UTF-8: what is masked of the line would be in there. */
const BYTES = 'vonglau.original.base64'
/** Where free text looks for those to whom something is masked: "every field" would be none, for one of them is masked. */
const EVERYWHERE = [
  'rule.name',
  'rule.id',
  'title',
  'title_en',
  'incident.number',
  'incident.assignee',
  'alert.assignee',
  'organization.name',
  'portal.domain',
  'source.ip',
  'source.prefix',
  'source.as.organization.name',
  'destination.ip',
  'user.name',
  'observer.name',
  'vonglau.source.id',
  'url.original',
  'url.decoded',
  'user_agent.original',
]

/** What somebody is shown, and what they may search by. */
export interface Sight {
  /** Nothing is masked. */
  readonly whole: boolean
  /** Of an answer to the path. */
  shown<T>(path: string, answer: T): T
  text(field: string, text: string): string
  narrowed(filter: Filter): Filter
}
const WHOLE: Sight = {
  whole: true,
  shown: (_, answer) => answer,
  text: (_, text) => text,
  narrowed: (filter) => filter,
}

/** Each is compiled once a process: sights are opened by all that show something. */
const expressions = new WeakMap<Mask, RE2JS>()
const expressionOf = (mask: Mask): RE2JS => {
  let regex = expressions.get(mask)
  if (!regex) expressions.set(mask, (regex = RE2JS.compile(mask.pattern)))
  return regex
}

/** What a condition means that somebody wrote to whom parts of events are masked, whoever asks now. */
export const guardOf = (configured: readonly Mask[]): Sight['narrowed'] => sightsOf(configured)('rule_author').narrowed

export const sightsOf = (configured: readonly Mask[]): ((role: Role) => Sight) => {
  const masks = [...MASKS, ...configured].map((mask) => ({ ...mask, regex: expressionOf(mask) }))
  const of = (key: string, under = '') => {
    // What joins several values has all of them.
    if (JOINED.has(key) || JOINED.has(under)) return masks
    const field = (under === '' ? ALIASES[key] : undefined) ?? key
    // What is computed of a field (related.user of user.name) says what that says.
    const its = [field, ...inputsOf(field)]
    return masks.filter((mask) =>
      mask.in
        ? its.some((name) => mask.in!.includes(name)) || mask.in.includes(`${under}.${field}`)
        : !its.every(isSafe),
    )
  }
  const masked = (text: string, field: string, under?: string): string => {
    let out = text
    for (const { regex } of of(field, under)) {
      // Whether there is anything is told ten times as quickly as where.
      if (!regex.test(out)) continue
      const matcher = regex.matcher(out)
      const parts: string[] = []
      let from = 0
      while (matcher.find()) {
        const groups = Array.from({ length: matcher.groupCount() }, (_, i) => i + 1)
        for (const group of groups.length ? groups : [0]) {
          const [start, end] = [matcher.start(group), matcher.end(group)]
          if (start < from || end <= start) continue
          parts.push(out.slice(from, start), MASKED)
          from = end
        }
      }
      if (parts.length === 0) continue
      // Decoded, a value may hold the sign that ends it: what follows may still be of it.
      out = /decoded$/.test(field) ? `${parts[0]}${MASKED}` : parts.join('') + out.slice(from)
    }
    return out
  }
  const bytes = (value: string): string => {
    const line = Buffer.from(value, 'base64').toString('latin1')
    return masked(line, 'event.original') === line ? value : MASKED
  }
  const text = (field: string, value: string, under = '') =>
    field === BYTES ? bytes(value) : masked(value, field, under)
  /** `field`: what the values below are of. */
  const walk = (value: unknown, key: string, under: string, field?: string): unknown => {
    if (typeof value === 'string') return text(field ?? key, value, field ? '' : under)
    if (Array.isArray(value)) return value.map((each) => walk(each, key, under, field))
    if (value === null || typeof value !== 'object') return value
    const named = (value as { field?: unknown }).field
    const its = typeof named === 'string' ? named : field
    const out = Object.fromEntries(
      Object.entries(value).map(([name, each]) => [
        name,
        OURS.has(name)
          ? each
          : walk(each, name, key, name === 'value' || name === 'values' || name === 'label' ? its : undefined),
      ]),
    )
    // Where in the value it matched would be somewhere else now.
    if ('marks' in out && out['value'] !== (value as { value?: unknown }).value) out['marks'] = []
    return out
  }
  const narrowed = (filter: Filter): Filter => {
    if (filter.op === 'and' || filter.op === 'or') return { op: filter.op, of: filter.of.map(narrowed) }
    if (filter.op === 'not') return not(narrowed(filter.of))
    return guarded(filter)
  }
  const guarded = (leaf: Leaf): Filter => {
    if (leaf.field === '*') return or(...EVERYWHERE.map((field) => guarded({ ...leaf, field })))
    if (leaf.field === BYTES) return NOTHING
    // What a field is compared with is asked for as the field itself is.
    const asked = leaf.op === 'exists' ? [] : leaf.op === 'ref' ? [leaf.field, leaf.other] : [leaf.field]
    if (asked.includes(BYTES)) return NOTHING
    const guards = asked.flatMap((field) =>
      of(field).map(({ pattern }) => not({ op: 'regex', field, source: pattern })),
    )
    return guards.length === 0 ? leaf : and(leaf, ...guards)
  }
  const sight: Sight = {
    whole: false,
    shown: (path, answer) => (WITHOUT_EVENTS.test(path) ? answer : (walk(answer, '', '') as typeof answer)),
    text,
    narrowed,
  }
  return (role) => (roleMay(role, 'secrets') ? WHOLE : sight)
}
