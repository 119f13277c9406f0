/** What the names of a log become: a table, by which the leaves of an event are said to a row. */
import { addressOf } from '../row/address.ts'
import { field, lasting, LASTING } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { find, findLast, integer, is, port } from '../row/values.ts'
import { secondsToNanos } from './clf.ts'
import { DESTINATION, mac, putSide, type Side, SOURCE, transport } from './flow.ts'
import type { Pairs } from './keyvalue.ts'
import { FALSE, type Leaves, NUMBER, STRING, TRUE } from './leaves.ts'
import { epoch, isoTime } from './stamp.ts'
import { lower, putHost, putLower, putUrl } from './url.ts'

/**
 * text, lower (a text in lower case), word (the same of few spellings), mac, transport; long (a count), port, boolean; ip; side (`source`,
 * `destination`: address and ip); list, ips, mail (a list of addresses, `Name <a@b>`); time (RFC 3339 or seconds of the epoch), seconds and millis (nanoseconds); url,
 * host (url.domain); the parser itself ('own'); not kept ('drop').
 */
export type Kind =
  | 'text'
  | 'lower'
  | 'word'
  | 'mac'
  | 'transport'
  | 'long'
  | 'port'
  | 'boolean'
  | 'ip'
  | 'side'
  | 'endpoint'
  | 'list'
  | 'ips'
  | 'mail'
  | 'time'
  | 'seconds'
  | 'millis'
  | 'url'
  | 'host'
  | 'own'
  | 'drop'
/** Where several fields are named, all say the same. */
export type Rules = Readonly<Record<string, readonly [kind: Kind, ...fields: string[]]>>

interface Target {
  readonly kind: Kind
  readonly fields: readonly number[]
  /** Takes a value that is cut off. */
  readonly cut: boolean
}
const LISTS: ReadonlySet<Kind> = new Set(['list', 'ips', 'mail'])
const CUTTABLE: ReadonlySet<Kind> = new Set(['text', 'list', 'url'])
const UNKNOWN = -1
const REFUSED = -2
const UNRESOLVED = 0

export class Plan {
  readonly #prefix: string
  readonly #targets: (Target | undefined)[] = [undefined]
  readonly #byName = new Map<string, number>()
  readonly #leftovers: boolean
  readonly #refused: (name: string) => boolean
  /** Of each name of the leaves: its target, UNKNOWN, or not yet looked for. */
  #resolved = new Int32Array(0)
  /** Of each name that is in no table: its handle. */
  #own = new Int32Array(0)
  #names: readonly string[] | undefined

  /** What is not in the rules stands below `prefix`, unless it is refused; without `leftovers` it is not kept. */
  constructor(prefix: string, rules: Rules, leftovers = true, refused: (name: string) => boolean = () => false) {
    this.#prefix = prefix
    this.#leftovers = leftovers
    this.#refused = refused
    for (const [name, [kind, ...fields]] of Object.entries(rules)) {
      this.#byName.set(name, this.#targets.length)
      const handles =
        kind === 'side' || kind === 'endpoint' || kind === 'own' || kind === 'drop' ? [] : fields.map(field)
      this.#targets.push({
        kind,
        fields: kind === 'side' || kind === 'endpoint' ? [fields[0] === 'destination' ? 1 : 0] : handles,
        cut: CUTTABLE.has(kind),
      })
    }
  }

  /** Says every leaf; of two equal names the first holds. */
  put(row: Row, leaves: Leaves, timezone: string): void {
    if (this.#names !== leaves.names) {
      this.#names = leaves.names
      this.#resolved = new Int32Array(leaves.node.length)
      this.#own = new Int32Array(leaves.node.length)
    }
    for (let i = 0; i < leaves.count; i++) {
      const node = leaves.node[i]!
      if (!leaves.isFirst(i)) continue
      let which = this.#resolved[node]!
      if (which === UNRESOLVED) which = this.#resolve(node, leaves)
      if (which === REFUSED) continue
      if (which === UNKNOWN) {
        if (this.#leftovers) this.#leftover(row, leaves, node, i)
        continue
      }
      const target = this.#targets[which]!
      if (target.kind === 'drop' || target.kind === 'own') continue
      if (i === leaves.cut && !target.cut) continue
      if (LISTS.has(target.kind)) sayList(row, target, leaves, i)
      else say(row, target, leaves.from[i]!, leaves.to[i]!, leaves.kind[i]!, timezone)
    }
  }
  /** The names of the rules: the keys of a table of pairs, in its order. */
  get names(): string[] {
    return [...this.#byName.keys()]
  }
  /** As `put`, of the pairs of a table that was made of `names`; `nothing` says which values say nothing. */
  putPairs(
    row: Row,
    pairs: Pairs,
    timezone: string,
    nothing: (b: Uint8Array, from: number, to: number) => boolean,
  ): void {
    const { present, count, from, to, unknown, unknowns } = pairs
    for (let i = 0; i < count; i++) {
      const id = present[i]!
      const target = this.#targets[id + 1]!
      if (target.kind === 'drop' || target.kind === 'own' || nothing(row.bytes, from[id]!, to[id]!)) continue
      if (LISTS.has(target.kind)) sayWords(row, target, from[id]!, to[id]!)
      else say(row, target, from[id]!, to[id]!, STRING, timezone)
    }
    if (!this.#leftovers) return
    for (let i = 0; i < unknowns; i++) {
      const [a, z] = [unknown[i * 4 + 2]!, unknown[i * 4 + 3]!]
      if (nothing(row.bytes, a, z)) continue
      const f = row.field(this.#spelled.get(row.bytes, unknown[i * 4]!, unknown[i * 4 + 1]!))
      if (!row.has(f)) row.text(f, a, z)
    }
  }
  readonly #spelled = new Memo((name) => this.#prefix + name.replaceAll('.', '_'))
  #resolve(node: number, leaves: Leaves): number {
    const name = leaves.names[node]!
    return (this.#resolved[node] = this.#byName.get(name) ?? (this.#refused(name) ? REFUSED : UNKNOWN))
  }
  #leftover(row: Row, leaves: Leaves, node: number, leaf: number): void {
    let handle = this.#own[node]! - 1
    if (handle < 0) {
      const name = this.#prefix + leaves.names[node]!
      handle = lasting(name)
      if (handle >= 0 && handle < LASTING) this.#own[node] = handle + 1
      else handle = row.field(name)
    }
    if (row.has(handle)) return
    if (leaves.within[leaf] === 1) putList(row, handle, leaves, leaf)
    else row.text(handle, leaves.from[leaf]!, leaves.to[leaf]!)
  }
}

const putList = (row: Row, f: number, leaves: Leaves, first: number): void => {
  let begun = false
  // A name that stands twice outside of a list has its first value.
  for (let i = first; i >= 0; i = leaves.within[i] === 1 ? leaves.next[i]! : -1) {
    const [a, z] = [leaves.from[i]!, leaves.to[i]!]
    if (a >= z) continue
    if (!begun) row.list(f)
    begun = true
    row.item(a, z)
  }
}
const putAddresses = (row: Row, f: number, leaves: Leaves, first: number): void => {
  let begun = false
  for (let i = first; i >= 0; i = leaves.within[i] === 1 ? leaves.next[i]! : -1) {
    const [a, z] = [leaves.from[i]!, leaves.to[i]!]
    const address = addressOf(row.bytes, a, z)
    if (address === undefined) continue
    if (!begun) row.list(f)
    begun = true
    if (address.spelled === undefined) row.item(a, z)
    else row.constItem(address.spelled)
  }
}

/** The address of `Name <a@b>`, or all of it. */
export const mailbox = (b: Uint8Array, from: number, to: number): readonly [number, number] => {
  const open = findLast(b, 60, from, to)
  const close = open < 0 ? -1 : find(b, 62, open, to)
  return close > open + 1 ? [open + 1, close] : [from, to]
}
const putMail = (row: Row, f: number, leaves: Leaves, first: number): void => {
  row.list(f)
  for (let i = first; i >= 0; i = leaves.within[i] === 1 ? leaves.next[i]! : -1)
    row.item(...mailbox(row.bytes, leaves.from[i]!, leaves.to[i]!))
}

/** Epoch ms of RFC 3339, or of seconds since the epoch; NaN where it is neither. */
export const timeOf = (b: Uint8Array, from: number, to: number, timezone: string): number => {
  const iso = isoTime(b, from, to, timezone)
  return Number.isNaN(iso) ? epoch(b, from, to) : iso
}
/** Nanoseconds of seconds, also of such as `1e-06`; NaN where it is no number. */
const nanos = (row: Row, from: number, to: number): number => {
  const { bytes } = row
  const exact = secondsToNanos(bytes, from, to)
  if (!Number.isNaN(exact)) return exact
  if (to - from > 32 || to === from) return Number.NaN
  return Math.round(Number(row.slice(from, to)) * 1e9)
}
/** A whole number; of one with a fraction what is before the point. */
const whole = (b: Uint8Array, from: number, to: number): number => {
  const dot = find(b, 46, from, to)
  return integer(b, from, dot < 0 ? to : dot)
}

const sayList = (row: Row, { kind, fields }: Target, leaves: Leaves, i: number): void => {
  const f = fields[0]!
  if (row.has(f)) return
  if (kind === 'mail') putMail(row, f, leaves, i)
  else if (kind === 'ips') putAddresses(row, f, leaves, i)
  else putList(row, f, leaves, i)
  copies(row, fields)
}
/** A list of a value that spells its items with commas between. */
const sayWords = (row: Row, { kind, fields }: Target, from: number, to: number): void => {
  const { bytes: b } = row
  const f = fields[0]!
  if (row.has(f)) return
  let begun = false
  for (let at = from; at < to; ) {
    let end = find(b, 44, at, to)
    if (end < 0) end = to
    if (end > at && (kind !== 'ips' || addressOf(b, at, end) !== undefined)) {
      if (!begun) row.list(f)
      begun = true
      row.item(...(kind === 'mail' ? mailbox(b, at, end) : ([at, end] as const)))
    }
    at = end + 1
  }
  copies(row, fields)
}
const copies = (row: Row, fields: readonly number[]): void => {
  const f = fields[0]!
  for (let k = 1; k < fields.length; k++) if (row.has(f) && !row.has(fields[k]!)) row.copyOf(fields[k]!, f)
}

/** `192.0.2.1:80`, `[2001:db8::1]:443`, `name:80`, and an address alone. */
const putEndpoint = (row: Row, side: Side, from: number, to: number): void => {
  const { bytes: b } = row
  let [a, z, at] = [from, to, -1]
  if (b[from] === 91) {
    const close = find(b, 93, from, to)
    if (close > 0) {
      a = from + 1
      z = close
      if (b[close + 1] === 58) at = close + 1
    }
  } else {
    const colon = find(b, 58, from, to)
    // Of several it is an address of IPv6 without a port.
    if (colon > from && find(b, 58, colon + 1, to) < 0) z = at = colon
  }
  if (z > a) putSide(row, side, a, z)
  const n = at < 0 ? Number.NaN : port(b, at + 1, to)
  if (!Number.isNaN(n) && !row.has(side.port)) row.long(side.port, n)
}

/** Says one value; `said` is what it was in JSON. */
const say = (row: Row, { kind, fields }: Target, a: number, z: number, said: number, timezone: string): void => {
  const { bytes: b } = row
  const f = fields[0]!
  if (kind === 'side') {
    putSide(row, f === 1 ? DESTINATION : SOURCE, a, z)
    return
  }
  if (kind === 'endpoint') {
    putEndpoint(row, f === 1 ? DESTINATION : SOURCE, a, z)
    return
  }
  if (kind === 'url') {
    putUrl(row, a, z)
    return
  }
  if (kind === 'host') {
    putHost(row, a, z)
    return
  }
  if (row.has(f)) return
  switch (kind) {
    case 'text':
      row.text(f, a, z)
      break
    case 'lower':
      putLower(row, f, a, z)
      break
    case 'word':
      if (z > a) row.const(f, lower.get(b, a, z))
      break
    case 'mac': {
      const found = mac.get(b, a, z)
      if (found) row.const(f, found)
      break
    }
    case 'transport':
      if (z > a) row.const(f, transport.get(b, a, z))
      break
    case 'long': {
      const n = whole(b, a, z)
      if (n >= 0) row.long(f, n)
      break
    }
    case 'port': {
      const n = port(b, a, z)
      if (!Number.isNaN(n)) row.long(f, n)
      break
    }
    case 'boolean': {
      if (said === TRUE || is(b, a, z, 'T') || is(b, a, z, 'true')) row.boolean(f, true)
      else if (said === FALSE || is(b, a, z, 'F') || is(b, a, z, 'false')) row.boolean(f, false)
      break
    }
    case 'ip':
      row.ip(f, a, z)
      break
    case 'time': {
      const time = timeOf(b, a, z, timezone)
      if (!Number.isNaN(time)) row.long(f, time)
      break
    }
    case 'seconds': {
      const n = nanos(row, a, z)
      if (n >= 0 && n <= Number.MAX_SAFE_INTEGER) row.long(f, n)
      break
    }
    case 'millis': {
      const n = said === NUMBER ? Number(row.slice(a, z)) : integer(b, a, z)
      if (n >= 0 && n < 9e9) row.long(f, Math.round(n * 1e6))
      break
    }
  }
  copies(row, fields)
}
