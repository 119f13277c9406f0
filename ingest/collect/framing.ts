/**
 * Frames of one TCP connection (RFC 6587). The first bytes fix for the whole connection how they are framed: by their
 * length where a number and a blank stand there, else by what ends the first: LF, or NUL (then both end one, as in
 * syslog-ng). What cannot be a frame is no frame that was lost but a framing that was: whatever follows would be guessed.
 * Work is linear in the bytes, and memory at most twice those of one frame, however small the pieces are that it comes in.
 */
import { Frames } from './frames.ts'

export interface Framing {
  /** The frames that end with this chunk, and why no more can come, where that is so. */
  take(chunk: Buffer): Framed
  /** What is left when the sender has closed: closing ends a frame too. */
  end(): Frames
  /** Bytes that are kept for a frame that is not whole. */
  held(): number
}
export interface Framed {
  readonly messages: Frames
  readonly lost?: string
}

const EMPTY: Buffer = Buffer.alloc(0)
const [NUL, LF, CR, BLANK, LESS] = [0, 10, 13, 32, 60]
/** Digits of a length. */
const DIGITS = 10
const isEnding = (byte: number): boolean => byte === LF || byte === CR || byte === NUL

/** Without the endings behind it. */
export const trim = (message: Buffer): Buffer => {
  let end = message.length
  while (end > 0 && isEnding(message[end - 1]!)) end--
  return end === message.length ? message : message.subarray(0, end)
}

/** Of digits. */
const numberIn = (bytes: Buffer, from: number, to: number): number => {
  let value = 0
  for (let i = from; i < to; i++) value = value * 10 + bytes[i]! - 48
  return value
}

/** `open`: nothing came yet; `text`: ended by a byte, it is not known which. */
type Kind = 'open' | 'text' | 'lines' | 'nul' | 'counted'

export const openFraming = (longest: number): Framing => {
  let kind: Kind = 'open'
  /** The beginning of a frame, in memory that grows by doubling. */
  let rest = EMPTY
  let filled = 0
  /** Bytes of the frame that `rest` begins, where it is counted and the number is known. */
  let need = 0
  /** Whether the first counted message began with `<`: then each does, and a wrong count is seen sooner. */
  let priority: boolean | undefined

  const keep = (piece: Buffer) => {
    if (filled + piece.length > rest.length) {
      const wanted = Math.max(filled + piece.length, filled > 0 ? rest.length * 2 : 0)
      const larger = Buffer.allocUnsafeSlow(need > 0 ? Math.max(filled + piece.length, Math.min(need, wanted)) : wanted)
      rest.copy(larger, 0, 0, filled)
      rest = larger
    }
    piece.copy(rest, filled)
    filled += piece.length
  }
  const kept = (): Buffer => {
    const out = rest.subarray(0, filled)
    rest = EMPTY
    filled = 0
    need = 0
    return out
  }
  const push = (messages: Frames, bytes: Buffer, from: number, to: number) => {
    let end = to
    while (end > from && isEnding(bytes[end - 1]!)) end--
    if (end > from) messages.add(bytes, from, end)
  }
  const shown = (bytes: Buffer, at: number) => JSON.stringify(bytes.toString('latin1', at, at + 16))

  /** Where the number ends that begins at `at`: the place of its blank; -1: it may go on; -2: it is none. */
  const afterNumber = (bytes: Buffer, at: number): number => {
    for (let i = at; i < bytes.length; i++) {
      const byte = bytes[i]!
      if (byte === BLANK && i > at) return i
      if (byte < (i === at ? 49 : 48) || byte > 57 || i - at >= DIGITS) return -2
    }
    return -1
  }
  const counted = (bytes: Buffer, from: number, messages: Frames): string | undefined => {
    let at = from
    for (;;) {
      // Some senders end a frame that they have counted.
      while (at < bytes.length && isEnding(bytes[at]!)) at++
      if (at === bytes.length) return undefined
      const blank = afterNumber(bytes, at)
      if (blank === -1) {
        keep(bytes.subarray(at))
        return undefined
      }
      if (blank === -2) return `a frame should begin with its length, and ${shown(bytes, at)} stands there`
      const length = numberIn(bytes, at, blank)
      if (length > longest) return `a frame of ${length} bytes is announced: more than ${longest} (syslog: longest)`
      const body = blank + 1
      if (body < bytes.length) {
        priority ??= bytes[body] === LESS
        if (priority && bytes[body] !== LESS)
          return `a message should begin with "<", and ${shown(bytes, body)} stands there`
      }
      if (body + length > bytes.length) {
        need = body + length - at
        keep(bytes.subarray(at))
        return undefined
      }
      push(messages, bytes, body, body + length)
      at = body + length
    }
  }
  /** The first byte from `from` on that ends a frame. */
  const ending = (bytes: Buffer, from: number): number => {
    const lf = bytes.indexOf(LF, from)
    if (kind === 'lines') return lf
    const nul = (lf < 0 ? bytes : bytes.subarray(0, lf)).indexOf(NUL, from)
    if (kind === 'text' && (lf >= 0 || nul >= 0)) {
      let after = nul
      while (after >= 0 && after < bytes.length && bytes[after] === NUL) after++
      // NULs before a line's ending fill it up.
      kind = nul < 0 || bytes[after] === LF || bytes[after] === CR ? 'lines' : 'nul'
      if (kind === 'lines') return lf
    }
    return nul < 0 ? lf : nul
  }
  const ended = (bytes: Buffer, from: number, messages: Frames): string | undefined => {
    for (let at = from; ; ) {
      const end = ending(bytes, at)
      if (end < 0) {
        if (at < bytes.length) keep(bytes.subarray(at))
        return filled > longest ? `a line of more than ${longest} bytes has no end (syslog: longest)` : undefined
      }
      if (end - at > longest) return `a line of ${end - at} bytes is longer than ${longest} (syslog: longest)`
      if (end > at) push(messages, bytes, at, end)
      at = end + 1
    }
  }

  return {
    take: (chunk) => {
      const messages = new Frames()
      let bytes = chunk
      let at = 0
      if (filled > 0) {
        if (need > 0) {
          const missing = need - filled
          keep(chunk.subarray(0, missing))
          if (chunk.length < missing) return { messages }
          at = missing
          bytes = chunk
          const frame = kept()
          const body = frame.indexOf(BLANK) + 1
          priority ??= frame[body] === LESS
          if (priority && frame[body] !== LESS)
            return { messages, lost: `a message should begin with "<", and ${shown(frame, body)} stands there` }
          push(messages, frame, body, frame.length)
        } else if (kind === 'counted' || kind === 'open') {
          // No more than the digits of a length.
          bytes = Buffer.concat([kept(), chunk])
        } else {
          const end = ending(chunk, 0)
          if (filled + (end < 0 ? chunk.length : end) > longest)
            return { messages, lost: `a line is longer than ${longest} bytes (syslog: longest)` }
          keep(end < 0 ? chunk : chunk.subarray(0, end))
          if (end < 0) return { messages }
          const line = kept()
          push(messages, line, 0, line.length)
          at = end + 1
        }
      }
      if (kind === 'open') {
        while (at < bytes.length && isEnding(bytes[at]!)) at++
        const blank = at < bytes.length ? afterNumber(bytes, at) : -1
        if (blank === -1) {
          keep(bytes.subarray(at))
          return { messages }
        }
        kind = blank === -2 ? 'text' : 'counted'
      }
      const lost = kind === 'counted' ? counted(bytes, at, messages) : ended(bytes, at, messages)
      return { messages, ...(lost === undefined ? {} : { lost }) }
    },
    end: () => {
      const messages = new Frames()
      const counts = need > 0
      const bytes = kept()
      if (counts) push(messages, bytes, bytes.indexOf(BLANK) + 1, bytes.length)
      else if (kind !== 'counted') push(messages, bytes, 0, bytes.length)
      return messages
    },
    held: () => rest.length,
  }
}
