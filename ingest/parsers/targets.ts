/**
 * What the values of a vendor's log become: for each key or column a field and what its value is. A table says it; what a
 * parser reads itself stands in no table.
 */
import { addressOf } from '../row/address.ts'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { findLast, integer, port } from '../row/values.ts'
import { putTransport } from './transport.ts'
import { lower, putDomain, putHost, putLower, putUrl } from './url.ts'

/**
 * text; lower: in lower case; mac; long; port; ip: an address, else `<side>.address`; side: of `source` its address, with ip
 * or domain; user: of `source.user` name and domain (`DOMAIN\name`), and user.name; url: url.*; host: url.domain; domain: a
 * host's name in lower case; seconds and millis: a duration in ns; transport: network.transport; none: nothing.
 */
export type Kind =
  | 'text'
  | 'lower'
  | 'mac'
  | 'long'
  | 'port'
  | 'ip'
  | 'side'
  | 'user'
  | 'url'
  | 'host'
  | 'domain'
  | 'seconds'
  | 'millis'
  | 'transport'
  | 'none'
export interface Target {
  readonly kind: Kind
  readonly field: string
}
/** By a key's name: its kind, and its field where it is not the vendor's own. */
export type Rules = Readonly<Record<string, readonly [kind: Kind, field?: string]>>

const [NONE, TEXT, LOWER, MAC, LONG, PORT, IP, SIDE, USER, URL, HOST, DOMAIN, SECONDS, MILLIS, TRANSPORT] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
]
const KINDS: Readonly<Record<Kind, number>> = {
  none: NONE,
  text: TEXT,
  lower: LOWER,
  mac: MAC,
  long: LONG,
  port: PORT,
  ip: IP,
  side: SIDE,
  user: USER,
  url: URL,
  host: HOST,
  domain: DOMAIN,
  seconds: SECONDS,
  millis: MILLIS,
  transport: TRANSPORT,
}

/** By the number of a key or column. */
export interface Plan {
  readonly kind: Uint8Array
  readonly to: Int32Array
  /** Of `ip` the field of what is none, of `side` and `user` a second one, -1 where there is none. */
  readonly second: Int32Array
  readonly third: Int32Array
}

/** The targets of these names; one that no rule names is text under the vendor's name. */
export const targetsOf = (names: readonly string[], rules: Rules, vendor: string): readonly Target[] =>
  names.map((name) => {
    const rule = Object.hasOwn(rules, name) ? rules[name]! : (['text'] as const)
    return { kind: rule[0], field: rule[1] ?? `${vendor}${name}` }
  })

const USER_NAME = field('user.name')
const USER_DOMAIN = field('user.domain')
const FIXED: Partial<Record<Kind, string>> = { url: 'url.original', host: 'url.domain', transport: 'network.transport' }
export const planOf = (targets: readonly Target[]): Plan => {
  const of = (pick: (target: Target) => string | undefined) =>
    Int32Array.from(targets, (target) => {
      const name = target.kind === 'none' ? undefined : pick(target)
      return name === undefined ? -1 : field(name)
    })
  return {
    kind: Uint8Array.from(targets, ({ kind }) => KINDS[kind]),
    to: of(({ kind, field: name }) =>
      kind === 'side' ? `${name}.ip` : kind === 'user' ? `${name}.name` : (FIXED[kind] ?? name),
    ),
    second: of(({ kind, field: name }) =>
      kind === 'ip'
        ? name.endsWith('.ip')
          ? name.replace(/(?:\.nat)?\.ip$/, '.address')
          : undefined
        : kind === 'side'
          ? `${name}.address`
          : kind === 'user'
            ? `${name}.domain`
            : undefined,
    ),
    third: of(({ kind, field: name }) => (kind === 'side' ? `${name}.domain` : undefined)),
  }
}

/** ECS: RFC 7042, upper case with hyphens; undefined where it is none. */
export const mac = new Memo((text) => {
  const hex = text.replaceAll(/[:.-]/g, '')
  return /^[0-9A-Fa-f]{12}$/.test(hex) ? constant(hex.toUpperCase().replaceAll(/(..)(?=.)/g, '$1-')) : undefined
})

/** `name`, `DOMAIN\name`, `name@domain`: name and domain; user.name too, where nobody is said yet. */
export const putUser = (row: Row, name: number, domain: number, from: number, to: number): void => {
  const { bytes: b } = row
  const back = findLast(b, 92, from, to)
  let [a, z] = [from, to]
  let [d, e] = [0, 0]
  if (back > from && back < to - 1) {
    a = back + 1
    ;[d, e] = [from, back]
  }
  if (!row.has(name)) {
    row.text(name, a, z)
    if (e > d) row.text(domain, d, e)
  }
  if (name !== USER_NAME && !row.has(USER_NAME)) {
    row.text(USER_NAME, a, z)
    if (e > d) row.text(USER_DOMAIN, d, e)
  }
}

/** Letters, digits, and what stands between them in a host's name. */
const isName = (b: Uint8Array, from: number, to: number): boolean => {
  if (to - from > 255) return false
  for (let i = from; i < to; i++) {
    const c = b[i]!
    const letter = c > 127 || ((c | 32) >= 97 && (c | 32) <= 122)
    if (!letter && !(c >= 48 && c <= 57) && c !== 45 && c !== 46 && c !== 95) return false
  }
  return true
}

/** `<side>.address`, and `<side>.ip` or `<side>.domain` as it is one or the other. */
export const putSide = (row: Row, ip: number, address: number, domain: number, from: number, to: number): void => {
  if (from >= to || row.has(address)) return
  if (row.ip(ip, from, to) !== undefined) row.copyOf(address, ip)
  else {
    row.text(address, from, to)
    if (isName(row.bytes, from, to)) putDomain(row, domain, from, to)
  }
}

/** Says of a value what the plan's `i` says; the first of two values of a field holds. Nothing of an empty one. */
export const putValue = (row: Row, plan: Plan, i: number, from: number, to: number): void => {
  const kind = plan.kind[i]!
  const f = plan.to[i]!
  if (from >= to) return
  if (kind === TEXT) {
    if (row.place[f] === 0) row.text(f, from, to)
    return
  }
  const { bytes: b } = row
  switch (kind) {
    case NONE:
      return
    case LOWER:
      if (!row.has(f)) {
        if (to - from > 64) putLower(row, f, from, to)
        else row.const(f, lower.get(b, from, to))
      }
      return
    case MAC: {
      const address = mac.get(b, from, to)
      if (address !== undefined && !row.has(f)) row.const(f, address)
      return
    }
    case LONG: {
      const n = integer(b, from, to)
      if (!Number.isNaN(n) && !row.has(f)) row.long(f, n)
      return
    }
    case PORT: {
      const n = port(b, from, to)
      if (!Number.isNaN(n) && !row.has(f)) row.long(f, n)
      return
    }
    case IP: {
      if (row.has(f)) return
      const address = addressOf(b, from, to)
      const other = plan.second[i]!
      if (address !== undefined) row.putAddress(f, address, from, to)
      else if (other >= 0 && !row.has(other)) row.text(other, from, to)
      return
    }
    case SIDE:
      putSide(row, f, plan.second[i]!, plan.third[i]!, from, to)
      return
    case USER:
      putUser(row, f, plan.second[i]!, from, to)
      return
    case URL:
      if (!row.has(f)) putUrl(row, from, to)
      return
    case HOST:
      if (!row.has(f)) putHost(row, from, to)
      return
    case DOMAIN:
      if (!row.has(f)) putDomain(row, f, from, to)
      return
    case SECONDS:
    case MILLIS: {
      const n = integer(b, from, to)
      const unit = kind === SECONDS ? 1e9 : 1e6
      if (n >= 0 && n * unit <= Number.MAX_SAFE_INTEGER && !row.has(f)) row.long(f, n * unit)
      return
    }
    default:
      putTransport(row, from, to)
  }
}
