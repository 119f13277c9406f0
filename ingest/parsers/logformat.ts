/** Format strings of Apache's mod_log_config and of what took them over (Tomcat's AccessLogValve) as the parts of a line. */
import { z } from 'zod'
import { field } from '../row/handles.ts'
import type { Row } from '../row/row.ts'
import { expected, type Trust } from './clf.ts'
import { EVENT, type Parse, SKIP } from './parser.ts'
import { type Meaning, type Names, type Part, putAccess, readParts } from './weblog.ts'

export interface Words {
  /** What a letter is: `%h`. */
  readonly letters: Readonly<Record<string, Meaning>>
  /** What a letter with an argument is, as `referer i` for `%{Referer}i`, in lower case. */
  readonly named: Readonly<Record<string, Meaning>>
  /** What `%{argument}t` is. */
  readonly times: Readonly<Record<string, Meaning>>
  /** What is in none of them stands below: `apache.access.`. */
  readonly prefix: string
}
/** The option of a parser that says the server's own format string; `compile` throws a sentence where it cannot be read. */
export const formatOption = (what: string, compile: (text: string) => unknown) =>
  z
    .string()
    .superRefine((text, context) => {
      try {
        compile(text)
      } catch (error) {
        context.addIssue({ code: 'custom', message: `a ${what} that can be read (${(error as Error).message})` })
      }
    })
    .optional()

const DIRECTIVE = /%[!\d,]*[<>]?(?:\{([^}]*)\})?(\^?[A-Za-z]{1,3}|%)/g

/** `%h %l %u %t "%r" %>s %b` as parts. Throws a sentence where it cannot be one. */
export const compileFormat = (format: string, { letters, named, times, prefix }: Words): readonly Part[] => {
  const parts: Part[] = []
  let text = ''
  let at = 0
  const put = (part: Part) => {
    if (text !== '') parts.push({ text: new TextEncoder().encode(text) })
    else if (parts.length > 0)
      throw new Error('two values stand in it with nothing between: where one ends cannot be told')
    text = ''
    parts.push(part)
  }
  for (const match of format.matchAll(DIRECTIVE)) {
    text += format.slice(at, match.index).replaceAll('\\"', '"')
    at = match.index + match[0].length
    const [, argument, letter] = match as unknown as [string, string | undefined, string]
    if (letter === '%') text += '%'
    else if (argument === undefined) {
      const meaning = Object.hasOwn(letters, letter) ? letters[letter] : undefined
      // The time stands in brackets of its own.
      if (meaning === 'time') {
        text += '['
        put({ meaning })
        text = ']'
      } else put(meaning ? { meaning } : { field: `${prefix}${letter.toLowerCase()}` })
    } else {
      const key = `${argument.toLowerCase()} ${letter}`
      const meaning =
        (Object.hasOwn(named, key) ? named[key] : undefined) ??
        (letter === 't' ? times[argument.replace(/^(?:begin|end):/, '')] : undefined)
      const name = argument.toLowerCase().replace(/[^a-z0-9]+/g, '_')
      put(meaning ? { meaning } : { field: `${prefix}${name}` })
    }
  }
  text += format.slice(at).replaceAll('\\"', '"')
  if (text !== '') parts.push({ text: new TextEncoder().encode(text) })
  if (!parts.some((part) => 'meaning' in part && part.meaning.startsWith('time')))
    throw new Error('it has no time: give %t')
  return parts
}

const CLIENT = field('source.ip')
const ADDRESS = field('source.address')
const isBlank = (b: Uint8Array, from: number, to: number): boolean => {
  for (let i = from; i < to; i++) if (b[i]! > 32) return false
  return true
}
/** A format fits where the line has all of its texts, a client that holds no blank, and a time. */
const fits = (row: Row): boolean => {
  if (row.has(CLIENT)) return true
  if (!row.has(ADDRESS)) return false
  for (let i = row.from[ADDRESS]!; i < row.to[ADDRESS]!; i++) if (row.bytes[i] === 32) return false
  return true
}

/** Quotes of the line; -1 where a backslash stands in it, for some may be a value's then. */
const quotesOf = (b: Uint8Array, from: number, to: number): number => {
  let n = 0
  for (let i = from; i < to; i++) {
    if (b[i] === 34) n++
    else if (b[i] === 92) return -1
  }
  return n
}

/** Reads a line by the first format that fits. */
export const openFormats = ({
  server,
  names,
  tries,
  format,
  trusted,
  more = () => {},
  likely = () => -1,
}: {
  /** Whose lines these are, as an error says it. */
  server: string
  names: Names
  /** Each with whether it reads a line that is cut off. */
  tries: readonly (readonly [parts: readonly Part[], cut: boolean])[]
  /** The format that the configuration declares, as an error says it; whatever it says of the client is taken. */
  format: string | undefined
  trusted: Trust
  /** Says what is the server's own. */
  more?: (row: Row) => void
  /** Which of them a line is likely of, by its quotes and its end, where all before it cannot be it; -1: nothing tells. */
  likely?: (quotes: number, last: number) => number
}): Parse => {
  return (row, from, to, context) => {
    if (isBlank(row.bytes, from, to)) return SKIP
    let problem: string | undefined
    for (let i = Math.max(0, likely(quotesOf(row.bytes, from, to), row.bytes[to - 1]!)); i < tries.length; i++) {
      const [parts, cut] = tries[i]!
      problem = readParts(row, from, to, parts, names, context.timezone, trusted, cut)
      if (problem === undefined && (format !== undefined || fits(row))) {
        putAccess(row)
        more(row)
        return EVENT
      }
      row.again()
    }
    return expected(
      row,
      format === undefined
        ? `an access log line of ${server} with [dd/Mon/yyyy:hh:mm:ss +zzzz]`
        : `${problem ?? 'a client'} (${format})`,
      from,
      to,
    )
  }
}
