/** Bytes to lines. A line ends with LF; a CR before it belongs to the ending. */

/** Longer lines are kept in parts of this size, each a pipeline_error that says so. */
export const LONGEST = 512 * 1024

/** Lines of one segment, one after another. Typed arrays: they cross to another thread as they are. */
export interface Lines {
  /** The lines lie in here. */
  readonly bytes: Uint8Array
  readonly count: number
  /** Of each line where it begins and ends in `bytes`, its ending left out. */
  readonly from: Int32Array
  readonly to: Int32Array
  /** The position in the segment after each line, its ending included. */
  readonly end: Float64Array
  /** Which part it is of a line that is longer than LONGEST, counted from 1; 0: it is whole. Absent: all are. */
  readonly part?: Int32Array
  /** When each arrived, epoch ms; absent where it is read from a file. */
  readonly arrived?: Float64Array
  /** Who sent them, and of each line which one. */
  readonly senders?: readonly Sender[]
  readonly sender?: Int32Array
  /** Of lines that are whole events of their own, the last part of the event's id; absent: no line has one. */
  readonly ids?: readonly (string | undefined)[]
}
export interface Sender {
  readonly address: string
  /** What the sender calls one of several streams of lines. */
  readonly stream?: string
}

/** Where a part that begins at `from` ends: not within a UTF-8 sequence. */
export const cutBefore = (bytes: Uint8Array, from: number): number => {
  let cut = from + LONGEST
  while (cut > from && (bytes[cut]! & 0xc0) === 0x80 && from + LONGEST - cut < 4) cut--
  return cut
}

/** Collects lines. */
export const gatherLines = (bytes: Uint8Array, expected = 1024) => {
  let from = new Int32Array(expected)
  let to = new Int32Array(expected)
  let end = new Float64Array(expected)
  let part = new Int32Array(expected)
  let arrived = new Float64Array(0)
  let sender = new Int32Array(0)
  let parts = false
  let count = 0
  const senders: Sender[] = []
  const ids: (string | undefined)[] = []
  const places = new Map<string, number>()
  // Senders mostly follow on themselves.
  let [lastWho, lastPlace] = [undefined as Sender | undefined, 0]
  const larger = <T extends Int32Array | Float64Array>(array: T, size: number): T => {
    const out = new (array.constructor as { new (n: number): T })(size)
    out.set(array)
    return out
  }
  return {
    add: (a: number, z: number, after: number, number = 0): void => {
      if (count === from.length) {
        const size = count * 2
        from = larger(from, size)
        to = larger(to, size)
        end = larger(end, size)
        part = larger(part, size)
        if (senders.length > 0) {
          arrived = larger(arrived, size)
          sender = larger(sender, size)
        }
      }
      from[count] = a
      to[count] = z
      end[count] = after
      if (number > 0) {
        part[count] = number
        parts = true
      }
      count++
    },
    /** Of the line that was added last. */
    sent: (time: number, who: Sender): void => {
      if (who === lastWho) {
        arrived[count - 1] = time
        sender[count - 1] = lastPlace
        return
      }
      const key = `${who.address}\0${who.stream ?? ''}`
      let place = places.get(key)
      if (place === undefined) {
        places.set(key, (place = senders.length))
        senders.push(who)
        if (place === 0) {
          arrived = new Float64Array(from.length)
          sender = new Int32Array(from.length)
        }
      }
      arrived[count - 1] = time
      sender[count - 1] = place
      lastWho = who
      lastPlace = place
    },
    /** The line that was added last is an event with this id. */
    named: (id: string): void => {
      ids[count - 1] = id
    },
    count: () => count,
    last: () => end[count - 1]!,
    lines: (): Lines => ({
      bytes,
      count,
      from,
      to,
      end,
      ...(parts ? { part } : {}),
      ...(senders.length > 0 ? { arrived, senders, sender } : {}),
      ...(ids.length > 0 ? { ids } : {}),
    }),
  }
}

/**
 * The whole lines of `bytes`, which begin at `position`, at most `most`; with `last`, what stands after the last LF is a line
 * too. `part` is the number of the part that begins the buffer, where a long line goes on from the buffer before.
 */
export const splitLines = (
  bytes: Uint8Array,
  position: number,
  last: boolean,
  part = 0,
  most = Number.POSITIVE_INFINITY,
): { lines: Lines; part: number } => {
  const gathered = gatherLines(bytes, Math.min(4096, (bytes.length >> 6) + 16))
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  let from = 0
  const push = (to: number, next: number) => {
    const end = to > from && bytes[to - 1] === 13 ? to - 1 : to
    gathered.add(from, end, position + next, part)
    from = next
  }
  while (gathered.count() < most) {
    const lf = buffer.indexOf(10, from)
    const to = lf < 0 ? bytes.length : lf
    while (to - from > LONGEST) {
      part++
      const cut = cutBefore(bytes, from)
      push(cut, cut)
    }
    if (lf < 0) {
      if (last && from < bytes.length) {
        if (part) part++
        push(bytes.length, bytes.length)
        part = 0
      }
      break
    }
    if (part) part++
    push(lf, lf + 1)
    part = 0
  }
  return { lines: gathered.lines(), part }
}

/** Memory that may be handed to another thread with the lines. */
export const buffersOf = ({ bytes, from, to, end, part, arrived, sender }: Lines): ArrayBuffer[] => [
  ...new Set(
    [bytes, from, to, end, part, arrived, sender].flatMap((array) => (array ? [array.buffer as ArrayBuffer] : [])),
  ),
]
