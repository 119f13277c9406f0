/**
 * Fields as small numbers: a row, a column and a document are arrays that are indexed by them. The fields of the table come
 * first, in its order; names that a parser makes of what stands in a line follow.
 */
import { FIELDS } from '../event.ts'

/** Handles from here on mean a name for one row only: what is learned for good is bounded, for senders choose names too. */
export const LASTING = 3072
/** Names beyond `LASTING` that one row may have. */
export const PASSING = 1024
export const MOST_HANDLES = LASTING + PASSING

/** Longer names are not learned. */
const LONGEST_NAME = 512
/** Most bytes of such a name as the beginning of a JSON member. */
export const LONGEST_KEY = LONGEST_NAME * 6 + 8

const names: string[] = []
const handles = new Map<string, number>()

/** Of each handle its name as the beginning of a JSON member, `,"name":`, each at a multiple of four bytes. */
let keys = new Uint8Array(1 << 16)
let keyView = new DataView(keys.buffer)
let used = 0
const keyAt = new Int32Array(LASTING)
const keyLength = new Int32Array(LASTING)

export const keyOf = (name: string): Uint8Array => new TextEncoder().encode(`,${JSON.stringify(name.toWellFormed())}:`)

const learn = (name: string): number => {
  const handle = names.length
  const key = keyOf(name)
  if (used + key.length + 8 > keys.length) {
    const larger = new Uint8Array(keys.length * 2 + key.length)
    larger.set(keys)
    keys = larger
    keyView = new DataView(keys.buffer)
  }
  keys.set(key, used)
  keyAt[handle] = used
  keyLength[handle] = key.length
  used += (key.length + 7) & ~3
  names.push(name)
  handles.set(name, handle)
  return handle
}
for (const { name } of FIELDS) learn(name)
const declared = new Set(FIELDS.map(({ name }) => name))

/** The handle of a field that the program knows: a parser asks once, where it is written. Throws where there are too many. */
export const field = (name: string): number => {
  const handle = lasting(name)
  declared.add(name)
  if (handle < 0) throw new Error(`${name} is one field too many: ${LASTING} names are known already`)
  return handle
}
/** The handle of a name that stood in a line, -1 where no more are learned: `Row.field` has one for the row then. */
export const lasting = (name: string): number => {
  const known = handles.get(name)
  if (known !== undefined) return known
  return names.length < LASTING && name.length <= LONGEST_NAME ? learn(name) : -1
}
/** Whether a parser writes a name, of the program or of a file that describes one: what lines said before does not count. */
export const isDeclared = (name: string): boolean => declared.has(name)
export const nameOf = (handle: number): string => names[handle]!

/** Writes `,"name":` of a lasting handle, by words: up to three bytes beyond its end are written too. */
export const putKey = (view: DataView, at: number, handle: number): number => {
  const from = keyAt[handle]!
  const length = keyLength[handle]!
  for (let i = 0; i < length; i += 4) view.setUint32(at + i, keyView.getUint32(from + i, true), true)
  return at + length
}
