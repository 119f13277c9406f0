/** A request target as path and parameters. Cut first, decoded after: what is encoded parts nothing. */
import { LONGEST, PARAMETERS } from './bounds.ts'
import { decode, type Decoded, fromBase64 } from './decode.ts'

export interface Parameter extends Decoded {
  readonly name: string
  /** As it stands in the line. */
  readonly raw: string
  /** What JSON in it says: keys and texts. */
  readonly json?: readonly Leaf[]
  /** What base64 in it says. */
  readonly base64?: Decoded
  /** It has no sign of equality, or is the query as a whole. */
  readonly bare: boolean
}
export interface Leaf {
  readonly name: string
  readonly value: string
}
/** A parameter as it stands in the line. */
export interface Part {
  readonly name: string
  readonly raw: string
  readonly bare: boolean
  /** All of it, for who remembers; absent where it was put together of several. */
  readonly whole?: string
}
export interface Parts {
  readonly parts: readonly Part[]
  readonly truncated: boolean
}

const JSON_DEPTH = 8
const leavesOf = (value: unknown, name: string, into: Leaf[], depth: number): boolean => {
  if (into.length >= PARAMETERS || depth > JSON_DEPTH) return false
  if (typeof value === 'string') into.push({ name, value })
  else if (Array.isArray(value)) return value.every((each) => leavesOf(each, name, into, depth + 1))
  else if (value !== null && typeof value === 'object')
    return Object.entries(value).every(([key, each]) => {
      if (typeof each !== 'string') into.push({ name: key, value: '' })
      return leavesOf(each, key, into, depth + 1)
    })
  return true
}
const jsonIn = (text: string): readonly Leaf[] | undefined => {
  const first = text[0]
  if ((first !== '{' && first !== '[') || text.length > LONGEST) return undefined
  try {
    const leaves: Leaf[] = []
    leavesOf(JSON.parse(text), '', leaves, 0)
    return leaves
  } catch {
    return undefined // then it is a text
  }
}

export const parameterOf = ({ name: rawName, raw, bare }: Part): Parameter => {
  const value = decode(raw, true)
  const name = decode(rawName, true)
  const json = jsonIn(value.deep)
  const inner = fromBase64(value.once.replaceAll(' ', '+'))
  return {
    ...value,
    name: name.deep,
    raw,
    bare,
    marks: value.marks | name.marks,
    ...(json ? { json } : {}),
    ...(inner ? { base64: decode(inner, false) } : {}),
  }
}

/** `target`: path and query as they stand in the line, without what the log itself escapes. */
export const partsOf = (target: string): { readonly path: string; readonly query: string } => {
  const at = target.indexOf('?')
  return at < 0 ? { path: target, query: '' } : { path: target.slice(0, at), query: target.slice(at + 1) }
}

const NONE: Parts = { parts: [], truncated: false }
const WHOLE = ''
export const parametersOf = (query: string): Parts => {
  if (query === '') return NONE
  let truncated = false
  const parts: Part[] = []
  const add = (name: string, raw: string, bare: boolean, whole?: string): void => {
    if (raw.length > LONGEST || name.length > LONGEST) truncated = true
    else if (whole !== undefined) {
      parts.push({ name, raw, bare, whole })
      return
    }
    parts.push({ name: name.slice(0, LONGEST), raw: raw.slice(0, LONGEST), bare })
  }
  const pieces = query.split('&', PARAMETERS + 1)
  if (pieces.length > PARAMETERS) truncated = true
  /** An & that belonged to a value. */
  let odd = false
  for (let i = 0; i < pieces.length && i < PARAMETERS; i++) {
    const piece = pieces[i]!
    if (piece === '') odd ||= pieces.length > 2
    else {
      const equals = piece.indexOf('=')
      if (equals < 0) {
        add('', piece, true, piece)
        odd ||= pieces.length > 1 && /[^\w.-]/.test(piece)
      } else add(piece.slice(0, equals), piece.slice(equals + 1), false, piece)
    }
  }
  // A statement spread over parameters, joined by comments: the whole again, from the first value on.
  if (pieces.length > 1 && (odd || /\/\*|%2f%2a/i.test(query))) add(WHOLE, query.slice(query.indexOf('=') + 1), true)
  else if (pieces.length === 1 && parts[0] && !parts[0].bare && isOdd(parts[0].name)) add(WHOLE, query, true) // "?x' or 1=1": the sign of equality is the value's own
  return { parts, truncated }
}
/** A name that no form has. */
const isOdd = (name: string): boolean => ODD.test(name) && ODD.test(decode(name, true).deep)
const ODD = /[^\w.[\]$-]/
