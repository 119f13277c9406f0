/** What is wrong with a line of `<file>.events.ndjson`: one sentence that says what was found, and what to write. */
import type { z } from 'zod'
import { counted } from '../ingest/counted.ts'
import { FIELDS, fieldOf } from '../ingest/event.ts'
import { expectedOf } from '../ingest/expected.ts'
import { isDeclared } from '../ingest/row/handles.ts'
import { nearest, quoted } from './sigma/error.ts'
import { meantFor } from './sigma/mapping.ts'

const EXAMPLE = '{"match":true,"why":"…","source":"nginx_access","line":"…"}'
/** Letters that part a name from the one that was meant. */
const CLOSE = 3

/** `error`: of JSON.parse, which names a place only where it lies some way in. */
export const wrongJson = (line: string, error: unknown): string => {
  const [, at] = /at position (\d+)/.exec(String(error)) ?? []
  return `the line is no JSON${at === undefined ? '' : ` from its character ${Number(at) + 1} on`}: ${quoted(line.trim())}; expected one object on one line, such as ${EXAMPLE}`
}

const pathOf = (path: readonly PropertyKey[]): string => path.map(String).join('.')
const within = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce((at: unknown, part) => (at as { [part: PropertyKey]: unknown } | undefined)?.[part], value)

/** `keysAt`: which keys there are at a path. */
export const wrongShape = (
  issues: readonly z.core.$ZodIssue[],
  read: unknown,
  keysAt: (path: readonly PropertyKey[]) => readonly string[],
): string => {
  // A misspelt key lacks under its right name too: what was written is said.
  const odd = issues.find(({ code }) => code === 'unrecognized_keys')
  if (odd?.code === 'unrecognized_keys') {
    const known = keysAt(odd.path)
    const key = odd.keys[0]!
    const near = nearest(key, known, CLOSE)
    const where = odd.path.length > 0 ? `${pathOf(odd.path)}: ` : ''
    return `${where}there is no key ${quoted(key)}; ${near === undefined ? '' : `is ${near} meant? `}known ones are ${known.join(', ')}`
  }
  const issue = issues[0]!
  if (issue.path.length === 0) return `the line is ${quoted(read)}, expected an object such as ${EXAMPLE}`
  const found = within(read, issue.path)
  return `${pathOf(issue.path)} ${found === undefined ? 'is missing' : `is ${quoted(found)}`}, expected ${expectedOf(issue).en}`
}

/**
 * A name that no event has, so that no rule ever meets it. `known`: names that the rules look at. What has a dot and is like no field
 * may be a device's own, or of a parser that somebody described.
 */
export const wrongField = (name: string, known: ReadonlySet<string>): string | undefined => {
  if (known.has(name) || fieldOf(name) || isDeclared(name) || name === 'tags') return undefined
  const names = FIELDS.map((field) => field.name)
  const meant = meantFor(name) ?? (name.includes('.') ? undefined : nearest(name, names, CLOSE))
  if (meant !== undefined) return `there is no field ${quoted(name)}; is ${meant} meant?`
  if (name.includes('.')) return undefined
  return `there is no field ${quoted(name)}: events have the names of ECS, such as url.path or source.ip`
}

/** `lines`: so many of it that the parser of a source kept as not understood, and what it said of one. */
export const notUnderstood = (source: string, lines: number, line: string, said: string): string =>
  `the parser of ${source} did not understand ${lines === 1 ? `the line ${quoted(line)}` : `${counted(lines, 'line')} such as ${quoted(line)}`}${said ? `: ${said}` : ''}`
