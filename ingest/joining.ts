/**
 * Lines of one stream that are one event: collected until the event ends, by its own mark, by rest or by size. What is not
 * ended is not committed: the offset stays before the oldest of it, and says which later lines are taken already.
 */
import type { Header } from './envelope.ts'
import type { Joiner } from './parsers/parser.ts'
import type { Const } from './row/const.ts'

/** Bytes of an event after which it is kept as it is. */
const LARGEST = 512 * 1024

export type Range = readonly [from: number, to: number]

export interface Open {
  /** Where its first line begins. */
  readonly position: number
  readonly stream: string
  readonly arrived: number
  /** Of its first line. */
  readonly header: Header | undefined
  readonly sender: Const | undefined
  /** Its lines: as they came, and without what the envelope took off. */
  readonly raw: Buffer[]
  readonly message: Buffer[]
  /** Where one of them was no text: the bytes of each. */
  own: Buffer[] | undefined
  bytes: number
  /** Where each of them lies: between them may be those of others. */
  readonly lines: Range[]
  /** Where its last line ends. */
  end: number
}
export interface Joining {
  /** Takes a line, and its own bytes where it was no text; answers the events that it ends, oldest first. */
  add(
    line: Omit<Open, 'raw' | 'message' | 'own' | 'bytes' | 'lines'>,
    raw: Buffer,
    message: Buffer,
    own: Buffer | undefined,
  ): Open[]
  /** The line that begins there is in the store. */
  isTaken(position: number): boolean
  /** Everything that is open, oldest first: nothing more of it comes. */
  flush(): Open[]
  /** The lines from `from` to `to` are in the store, or say nothing. */
  took(from: number, to: number): void
  /** Where to read on after all that was added, up to `to`: before the oldest line that is not taken, and what is taken beyond. */
  offset(to: number): { readonly position: number; readonly taken: readonly Range[] }
}

export const openJoining = (joiner: Joiner, taken: readonly Range[] = []): Joining => {
  const open = new Map<string, Open>()
  let ranges: Range[] = [...taken]
  const keyOf = (stream: string, message: Buffer): string => {
    const key = joiner.key?.(message, 0, message.length)
    return key ? `${stream}\0${message.toString('latin1', key[0], key[1])}` : stream
  }
  const end = (key: string): Open[] => {
    const event = open.get(key)
    open.delete(key)
    return event ? [event] : []
  }
  return {
    isTaken: (position) => ranges.some(([from, to]) => from <= position && position < to),
    add: ({ end: to, ...line }, raw, message, own) => {
      const key = keyOf(line.stream, message)
      const ended = joiner.begins(message, 0, message.length) ? end(key) : []
      let event = open.get(key)
      if (!event)
        open.set(key, (event = { ...line, raw: [], message: [], own: undefined, bytes: 0, end: to, lines: [] }))
      if (own) event.own ??= [...event.raw]
      event.own?.push(own ?? raw)
      event.raw.push(raw)
      event.lines.push([line.position, to])
      event.message.push(message)
      event.bytes += Math.max(raw.length, own?.length ?? 0) + 1
      event.end = to
      if (joiner.ends(message, 0, message.length) || event.bytes > LARGEST) ended.push(...end(key))
      return ended
    },
    flush: () => {
      const all = [...open.values()].sort((a, b) => a.position - b.position)
      open.clear()
      return all
    },
    took: (from, to) => {
      ranges.push([from, to])
    },
    offset: (to) => {
      const position = Math.min(to, ...[...open.values()].map((event) => event.position))
      const beyond = ranges.filter((range) => range[1] > position).sort((a, b) => a[0] - b[0])
      const merged: [number, number][] = []
      for (const [a, z] of beyond) {
        const last = merged.at(-1)
        if (last && a <= last[1]) last[1] = Math.max(last[1], z)
        else merged.push([a, z])
      }
      ranges = [...merged]
      return { position, taken: merged }
    },
  }
}
