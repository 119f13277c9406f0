/**
 * Messages by templates: `Deny {proto} src {if:src} dst {if:dst} by access-group "{rule}"`. A capture reaches to where the
 * text after it stands next, one that is written `{user*}` to where that stands last (for what people type, where all that
 * follows it is the device's own), the last one to the end. Each capture is looked for once: linear in the message's length.
 *
 * Captures that take more than a text: `{if:side}` is `interface:address/port`, `{at:side}` is `address/port`, `{acl:side}`
 * is `interface/address(port)`; `{bare:side}` is `address(port)` and nothing behind it. Behind each other may stand `(mapped/port)`, `(DOMAIN\user)`, `(17:tag)`.
 */
import { find } from '../row/values.ts'

export type Style = 'if' | 'at' | 'acl' | 'bare'
interface Capture {
  readonly name: string
  /** Among the captures, or among the ends of a flow. */
  readonly slot: number
  readonly last: boolean
  readonly style: Style | undefined
}
export interface Template {
  /** Before the first capture, and after each. */
  readonly literals: readonly Uint8Array[]
  readonly captures: readonly Capture[]
}

/** One end of a flow: byte ranges, empty where it does not say them. */
export class End {
  said = false
  interfaceFrom = 0
  interfaceTo = 0
  from = 0
  to = 0
  portFrom = 0
  portTo = 0
  mappedFrom = 0
  mappedTo = 0
  mappedPortFrom = 0
  mappedPortTo = 0
  userFrom = 0
  userTo = 0
  tagFrom = 0
  tagTo = 0
  clear(): void {
    this.said = false
    this.interfaceFrom = this.interfaceTo = this.from = this.to = this.portFrom = this.portTo = 0
    this.mappedFrom = this.mappedTo = this.mappedPortFrom = this.mappedPortTo = 0
    this.userFrom = this.userTo = this.tagFrom = this.tagTo = 0
  }
}
/** What was captured last: for each name its range. */
export interface Found {
  readonly from: Int32Array
  readonly to: Int32Array
  readonly ends: readonly End[]
}
export const found = (names: number, ends: number): Found => ({
  from: new Int32Array(names),
  to: new Int32Array(names),
  ends: Array.from({ length: ends }, () => new End()),
})

const encoder = new TextEncoder()
/** `names` and `ends` give each capture its slot. Throws where a template names another. */
export const templateOf = (text: string, names: readonly string[], ends: readonly string[]): Template => {
  const literals: Uint8Array[] = []
  const captures: Capture[] = []
  let at = 0
  for (const m of text.matchAll(/\{(?:(if|at|acl|bare):)?(\w+)(\*)?\}/g)) {
    literals.push(encoder.encode(text.slice(at, m.index)))
    at = m.index + m[0].length
    const [style, name] = [m[1] as Style | undefined, m[2]!]
    const slot = (style === undefined ? names : ends).indexOf(name)
    if (slot < 0) throw new Error(`${JSON.stringify(text)}: nothing is called ${name}`)
    captures.push({ name, slot, last: m[3] !== undefined, style })
  }
  literals.push(encoder.encode(text.slice(at)))
  return { literals, captures }
}

const stands = (b: Uint8Array, at: number, to: number, text: Uint8Array): boolean => {
  if (at + text.length > to) return false
  for (let i = 0; i < text.length; i++) if (b[at + i] !== text[i]) return false
  return true
}
const indexOf = (b: Uint8Array, text: Uint8Array, from: number, to: number): number => {
  const first = text[0]!
  for (let i = from; i + text.length <= to; i++) if (b[i] === first && stands(b, i, to, text)) return i
  return -1
}
const lastIndexOf = (b: Uint8Array, text: Uint8Array, from: number, to: number): number => {
  for (let i = to - text.length; i >= from; i--) if (stands(b, i, to, text)) return i
  return -1
}
const isDigits = (b: Uint8Array, from: number, to: number): boolean => {
  if (from >= to) return false
  for (let i = from; i < to; i++) if (b[i]! < 48 || b[i]! > 57) return false
  return true
}

/** `address/port`, `192.0.2.1:port`; a port may be a service's name. */
const readPort = (b: Uint8Array, end: End, from: number, to: number): void => {
  end.from = from
  end.to = to
  let at = to - 1
  while (at > from && b[at] !== 47) at--
  if (at <= from) {
    at = to - 1
    while (at > from && b[at] !== 58) at--
    for (let i = from; i < at; i++) if (b[i] !== 46 && !(b[i]! >= 48 && b[i]! <= 57)) return
    if (!isDigits(b, at + 1, to)) return
  }
  if (at <= from) return
  end.to = at
  end.portFrom = at + 1
  end.portTo = to
}
const IDENTITY = encoder.encode('NP Identity Ifc:')

/** Reads an end of a flow; answers where it ends, -1 where none stands. */
const readEnd = (b: Uint8Array, end: End, style: Style, from: number, to: number): number => {
  end.clear()
  let i = from
  // The one name of an interface that has blanks in it.
  if (style === 'if' && stands(b, from, to, IDENTITY)) i += IDENTITY.length
  while (i < to && b[i] !== 32 && b[i] !== 40 && b[i] !== 41 && b[i] !== 44 && b[i] !== 59) i++
  if (i === from) return -1
  // A sentence's end is none of the address: `from 192.0.2.1: no matching session`.
  if (b[i - 1] === 58 && b[i - 2] !== 58) i--
  let stop = i
  if (i === to && b[i - 1] === 46) stop--
  if (stop === from) return -1
  end.said = true
  if (style === 'acl' || style === 'bare') {
    const slash = style === 'acl' ? find(b, 47, from, stop) : from - 1
    if (slash < 0 && style === 'acl') return -1
    if (style === 'acl') {
      end.interfaceFrom = from
      end.interfaceTo = slash
    }
    end.from = slash + 1
    end.to = stop
    if (b[i] === 40) {
      const close = find(b, 41, i + 1, to)
      if (close < 0 || !isDigits(b, i + 1, close)) return -1
      end.portFrom = i + 1
      end.portTo = close
      i = close + 1
    }
  } else {
    const colon = style === 'if' ? find(b, 58, from, stop) : -1
    if (colon >= 0) {
      end.interfaceFrom = from
      end.interfaceTo = colon
    }
    readPort(b, end, colon >= 0 ? colon + 1 : from, stop)
  }
  if (style === 'bare') return i
  // What stands in brackets behind it.
  for (let groups = 0; groups < 4; groups++) {
    const open = b[i] === 40 ? i : b[i] === 32 && b[i + 1] === 40 ? i + 1 : -1
    if (open < 0 || open >= to) break
    const close = find(b, 41, open + 1, to)
    if (close < 0) break
    const a = open + 1
    // `(type 3, code 3)` is the message's.
    if (b[a] === 116 && b[a + 1] === 121 && b[a + 2] === 112 && b[a + 3] === 101 && b[a + 4] === 32) break
    readGroup(b, end, a, close)
    i = close + 1
  }
  return i
}
/** `mapped/port`, `17:tag`, `DOMAIN\user` or `DOMAIN\user, 17:tag`. */
const readGroup = (b: Uint8Array, end: End, from: number, to: number): void => {
  if (from >= to) return
  const slash = find(b, 47, from, to)
  if (slash > 0 && isDigits(b, slash + 1, to)) {
    end.mappedFrom = from
    end.mappedTo = slash
    end.mappedPortFrom = slash + 1
    end.mappedPortTo = to
    return
  }
  const comma = find(b, 44, from, to)
  const first = comma < 0 ? to : comma
  const colon = find(b, 58, from, first)
  if (colon >= 0 && isDigits(b, from, colon)) {
    end.tagFrom = from
    end.tagTo = first
    return
  }
  end.userFrom = from
  end.userTo = first
  if (comma < 0) return
  let at = comma + 1
  while (at < to && b[at] === 32) at++
  end.tagFrom = at
  end.tagTo = to
}

/** Whether the template is that of the message; what it captures is then in `out`, and only then means anything. */
export const matches = (
  b: Uint8Array,
  { literals, captures }: Template,
  from: number,
  to: number,
  out: Found,
): boolean => {
  out.from.fill(0)
  out.to.fill(0)
  for (const end of out.ends) end.clear()
  if (!stands(b, from, to, literals[0]!)) return false
  let at = from + literals[0]!.length
  for (let i = 0; i < captures.length; i++) {
    const { slot, last, style } = captures[i]!
    const after = literals[i + 1]!
    if (style !== undefined) {
      at = readEnd(b, out.ends[slot]!, style, at, to)
      if (at < 0 || !stands(b, at, to, after)) return false
    } else {
      const next = after.length === 0 ? to : last ? lastIndexOf(b, after, at, to) : indexOf(b, after, at, to)
      if (next < 0) return false
      out.from[slot] = at
      out.to[slot] = next
      at = next
    }
    at += after.length
  }
  return true
}
