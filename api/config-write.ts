/** A source written into the configuration file, whose other lines stay as they are, to the letter. */
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { isUtf8 } from 'node:buffer'
import { dirname } from 'node:path'
import { isMap, isSeq, parseDocument } from 'yaml'

export interface NewSource {
  readonly id: string
  readonly parser: string
  readonly organization?: string
  readonly from: string
}
const quoted = (text: string): string =>
  /^[A-Za-z][\w.-]*$/.test(text) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(text) ? text : JSON.stringify(text)

/** One line of a flow map, for the list that it stands in. */
export const sourceText = ({ id, parser, organization, from }: NewSource): string =>
  `- { id: ${quoted(id)}, parser: ${quoted(parser)}${organization === undefined ? '' : `, organization: ${quoted(organization)}`}, syslog: { from: [${JSON.stringify(from)}] } }`

/** The text with the source, or undefined where its list has no place that can be written by a program. */
export const withSource = (text: string, source: NewSource): string | undefined => {
  const document = parseDocument(text)
  if (document.errors.length > 0) return undefined
  const { contents } = document
  const list = isMap(contents) ? contents.get('sources', true) : undefined
  // As the file ends its lines.
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  let next: string
  if (contents !== null && !isMap(contents)) return undefined
  if (list === undefined) {
    // A map within braces has no lines to write behind.
    if (isMap(contents) && contents.flow) return undefined
    next = `${text.trimEnd()}${text.trim() === '' ? '' : eol}sources:${eol}  ${sourceText(source)}${eol}`
  } else {
    if (!isSeq(list) || list.flow || list.items.length === 0) return undefined
    const last = list.items.at(-1) as { range?: [number, number, number] }
    const first = list.items[0] as { range?: [number, number, number] }
    if (!last.range || !first.range) return undefined
    const begin = text.lastIndexOf('\n', first.range[0]) + 1
    const indent = /^ */.exec(text.slice(begin))![0]
    const end = last.range[0] + text.slice(last.range[0], last.range[1]).trimEnd().length
    // Behind a comment on the same line.
    const line = text.indexOf('\n', end)
    const at = line < 0 ? text.length : text[line - 1] === '\r' ? line - 1 : line
    next = `${text.slice(0, at)}${eol}${indent}${sourceText(source)}${text.slice(at) || eol}`
  }
  // What was written is read again: it must say just that more.
  const before = (document.toJS() ?? {}) as { sources?: unknown[] }
  const after = parseDocument(next)
  const { from, ...said } = source
  const wanted = { ...before, sources: [...(before.sources ?? []), { ...said, syslog: { from: [from] } }] }
  return after.errors.length === 0 && JSON.stringify(sorted(after.toJS())) === JSON.stringify(sorted(wanted))
    ? next
    : undefined
}
const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, each]) => [key, sorted(each)]),
        )
      : value

/**
 * Writes the file as a whole, with its rights, through a link too; durable when it returns. `check` reads it first and throws
 * where it is wrong. One that is written only by others stays as it is, though its folder would allow it.
 */
export const writeSource = (path: string, source: NewSource, check: (path: string) => void): boolean => {
  const file = realpathSync(path)
  closeSync(openSync(file, 'r+'))
  const before = statSync(file)
  const text = readFileSync(file)
  // Bytes that are no text would be others when they are written again.
  if (!isUtf8(text)) return false
  const next = withSource(text.toString('utf8'), source)
  if (next === undefined) return false
  // Nobody else's: what a person keeps beside the file is theirs.
  const beside = `${file}.${process.pid}.new`
  const fd = openSync(beside, 'wx', 0o600)
  try {
    writeFileSync(fd, next)
    try {
      check(beside)
    } catch (error) {
      throw new Error((error as Error).message.replaceAll(beside, path))
    }
    fchmodSync(fd, before.mode & 0o7777)
    fsyncSync(fd)
    renameSync(beside, file)
  } finally {
    closeSync(fd)
    rmSync(beside, { force: true })
  }
  const folder = openSync(dirname(file), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
  return true
}
