/**
 * `key=value key="quoted value"` lines, read by char codes: a regular expression costs three times as much.
 *
 * Known keys are found by a hash of their characters, so that no string is made for them. Values are hostile (a URL, a
 * user agent, a user name): a key that stands twice keeps its first value, since a firewall writes its own fields first.
 */
export interface KeyTable {
  readonly names: readonly string[]
  readonly slots: Int16Array
  readonly mask: number
  /** The names' code units one after another, and where each begins. */
  readonly units: Uint16Array
  readonly starts: Uint16Array
}

export const keyTable = (names: readonly string[]): KeyTable => {
  let size = 64
  while (size < names.length * 4) size *= 2
  const slots = new Int16Array(size).fill(-1)
  names.forEach((name, id) => {
    let h = 0
    for (let i = 0; i < name.length; i++) h = (Math.imul(h, 31) + name.charCodeAt(i)) | 0
    let at = spread(h) & (size - 1)
    while (slots[at] !== -1) at = (at + 1) & (size - 1)
    slots[at] = id
  })
  const all = names.join('')
  const starts: number[] = []
  let start = 0
  for (const name of names) {
    starts.push(start)
    start += name.length
  }
  const units = Uint16Array.from(all, (c) => c.charCodeAt(0))
  return { names, slots, mask: size - 1, units, starts: Uint16Array.from([...starts, start]) }
}

const spread = (h: number): number => h ^ (h >>> 15) ^ (h >>> 7)

/** The pairs of one line. `values[id]` is that of a known key; the others stand in `keys` and `texts`. */
export interface Pairs {
  readonly values: (string | undefined)[]
  /** Ids of the known keys that stood in the line, in order. */
  readonly present: number[]
  readonly keys: string[]
  readonly texts: string[]
}

/** A firewall's keys are lower-case words; this many unknown ones are kept, what is beyond is only in the raw line. */
const MOST_UNKNOWN = 200

// 1: may stand in a key. 2: white space or a control character, which separates (FortiOS ends lines with NUL).
const CLASS = new Uint8Array(128)
for (let c = 0; c < 128; c++) {
  const letter = (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || (c >= 48 && c <= 57)
  CLASS[c] = letter || c === 95 || c === 45 || c === 46 ? 1 : c <= 32 || c === 127 ? 2 : 0
}
const classOf = (c: number): number => (c < 128 ? CLASS[c]! : 0)

const unescaped = (text: string): string => (text.includes('\\') ? text.replace(/\\(["\\])/g, '$1') : text)

/**
 * The index of the quote that closes a value opened before `from`, or the line's length. A quote after an odd number of
 * backslashes is escaped; a value that ends in a backslash (`path="C:\web\" next="x"`) is told by the `="` that follows.
 */
const closing = (line: string, from: number): number => {
  let escaped = -1
  for (let q = line.indexOf('"', from); q >= 0; q = line.indexOf('"', q + 1)) {
    let b = q - 1
    while (b >= from && line.charCodeAt(b) === 92) b--
    if ((q - b) % 2 === 0) {
      escaped = q
      continue
    }
    if (
      escaped >= 0 &&
      q - escaped < 80 &&
      line.charCodeAt(q - 1) === 61 &&
      /^[\s\0]+[\w.-]+=$/.test(line.slice(escaped + 1, q))
    ) {
      return escaped
    }
    const next = q + 1
    if (next === line.length || classOf(line.charCodeAt(next)) === 2) return q
    if (line.charCodeAt(next) === 44) return q // `key="value",key=…` as some relays write it
  }
  // Never closed: to the end, so that what an attacker wrote is not read as keys, and the line is read only once.
  return escaped === line.length - 1 ? escaped : line.length
}

// The line's UTF-16 code units: an array is read in a fraction of the time that charCodeAt takes.
let units = new Uint16Array(16_384)
let bytes = Buffer.from(units.buffer)

/** Reads the pairs from `start` on into `out`, which is emptied first. Words that are not pairs are passed over. */
export const scanPairs = (line: string, start: number, table: KeyTable, out: Pairs): void => {
  const { slots, mask, starts, units: spelled } = table
  const { values, present, keys, texts } = out
  for (let i = 0; i < present.length; i++) values[present[i]!] = undefined
  present.length = keys.length = texts.length = 0
  const end = line.length
  if (end >= units.length) {
    units = new Uint16Array(end * 2)
    bytes = Buffer.from(units.buffer)
  }
  bytes.write(line, 0, 'utf16le')
  const u = units
  u[end] = 0 // separates, so that no loop has to look for the end
  let p = start
  // The last quoted value, in case that what follows shows that its quote did not close it.
  let quotedFrom = -1
  let quotedId = -1
  let quotedUnknown = -1
  while (p < end) {
    let c = u[p]!
    while ((c <= 32 || c === 127 || c === 44) && p < end) c = u[++p]!
    if (p >= end) return
    const begin = p
    let h = 0
    while (c < 128 && CLASS[c] === 1) {
      h = (Math.imul(h, 31) + c) | 0
      c = u[++p]!
    }
    if (c !== 61 || p === begin) {
      // Not a key. After a quoted value it is the rest of it: `msg="User "bob" failed"`.
      if (quotedFrom >= 0) {
        const q = closing(line, p)
        if (q < end) {
          const whole = unescaped(line.slice(quotedFrom, q))
          if (quotedId >= 0) values[quotedId] = whole
          else if (quotedUnknown >= 0) texts[quotedUnknown] = whole
          p = q + 1
          continue
        }
        quotedFrom = -1
      }
      while (u[p]! > 32 && u[p] !== 127) p++
      continue
    }
    const keyEnd = p++
    let from = p
    let to: number
    let escapes = false
    if (u[p] === 34) {
      from = to = p + 1
      while (to < end && (c = u[to]!) !== 34) {
        if (c === 92) escapes = true
        to++
      }
      // The usual case: the next quote closes, for it is not escaped and white space follows.
      const next = u[to + 1]!
      if (to >= end || u[to - 1] === 92 || !(to + 1 === end || next <= 32 || next === 127)) {
        to = closing(line, from)
        escapes = true
      }
      p = to + 1
      quotedFrom = from
    } else {
      to = p
      while ((c = u[to]!) > 32 && c !== 127) to++
      p = to
      quotedFrom = -1
    }
    const size = keyEnd - begin
    let at = spread(h) & mask
    let id = slots[at]!
    while (id !== -1) {
      let n = starts[id]!
      if (starts[id + 1]! - n === size) {
        let k = begin
        while (k < keyEnd && u[k] === spelled[n]) {
          k++
          n++
        }
        if (k === keyEnd) break
      }
      at = (at + 1) & mask
      id = slots[at]!
    }
    quotedId = -1
    quotedUnknown = -1
    if (id !== -1) {
      if (values[id] !== undefined) continue
      const text = line.slice(from, to)
      values[id] = escapes ? unescaped(text) : text
      present.push(id)
      quotedId = id
    } else if (keys.length < MOST_UNKNOWN && size <= 64) {
      const text = line.slice(from, to)
      quotedUnknown = texts.length
      keys.push(line.slice(begin, keyEnd))
      texts.push(escapes ? unescaped(text) : text)
    }
  }
}
