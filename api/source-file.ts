/** The configuration file after a person's change of a source: it says the same, where it can be written. */
import { isUtf8 } from 'node:buffer'
import { readFileSync, realpathSync } from 'node:fs'
import { isNode, isSeq, parseDocument } from 'yaml'
import { changedItem } from '../ingest/inventory/written.ts'
import { hashOfText } from '../rules/texts.ts'
import { isOurs, replaceFile, unwritten } from './replace-file.ts'
import { sourceTextOf, withoutToken } from './source-text.ts'

type Raw = Readonly<Record<string, unknown>>
export type WrittenSource = { readonly path: string } | { readonly path?: string; readonly why: string }

const listOf = (value: unknown): readonly Raw[] => {
  const sources = (value as { readonly sources?: unknown } | null)?.sources
  return Array.isArray(sources) ? (sources as Raw[]) : []
}
const asIs = (value: unknown): unknown => value

/**
 * `raw`: what the person wrote, undefined where the source is ended. `said`: the hash of what this file said of it last, ''
 * where it named it no longer; undefined where it never did.
 */
export const writeSourceEntry = (
  { file, path }: { readonly file: string | undefined; readonly path: string },
  { id, raw, said }: { readonly id: string; readonly raw: Raw | undefined; readonly said: string | undefined },
): WrittenSource => {
  if (file === undefined) return { why: 'Vọng Lâu runs without a configuration file: copy the text into one' }
  if (path !== file) return { why: `the list of sources is that of the environment, ${path}: write the change there` }
  if (said === undefined)
    return { why: `${file} does not name ${id}: write the change into the file of the machine that does` }
  try {
    // Where the path is a link, the file that it leads to is written, and the link stays.
    const real = realpathSync(file)
    if (isOurs(real)) return { why: `${file} comes with the program and is not written: copy the change into your own` }
    const bytes = readFileSync(real)
    if (!isUtf8(bytes))
      return { why: `${file} is not all UTF-8 and is not written: save it as UTF-8, or write the change there` }
    const text = bytes.toString('utf8')
    const document = parseDocument(text, { uniqueKeys: false })
    const at = document.get('sources', true)
    const left = { path: file, why: `${file} says ${id} in a way that is not rewritten: change it there yourself` }
    const before: unknown = document.toJS()
    const list = listOf(before)
    const nth = list.findIndex((each) => each['id'] === id)
    const now = nth < 0 ? '' : hashOfText(sourceTextOf(list[nth]!))
    if (now !== said)
      return { path: file, why: `${file} was changed and not read yet: read it (vonglau reload), then write it there` }
    if (nth < 0 && raw === undefined) return { path: file }
    if (!isNode(at) || !isSeq(at)) return left
    const entry = raw && withTokenOf(list[nth], raw)
    const next = changedItem(text, document, at, { nth, said: list[nth], entry }, asIs)
    if (next === undefined) return left
    // What was written is read again: it must say just that otherwise.
    const wanted =
      entry === undefined ? list.filter((_, i) => i !== nth) : nth < 0 ? [...list, entry] : list.with(nth, entry)
    const read = parseDocument(next, { uniqueKeys: false })
    if (read.errors.length > 0 || !saysTheSame(read.toJS(), { ...(before as object), sources: wanted })) return left
    replaceFile(real, next)
    return { path: file }
  } catch (error) {
    return { path: file, why: unwritten(file, error) }
  }
}

/** A token that the person left as it was shown stays as the file has it. */
const withTokenOf = (before: Raw | undefined, raw: Raw): Raw => {
  const [was, is] = [before?.['http'], raw['http']] as readonly { readonly token?: unknown }[]
  if (!before || !was || !is || was.token === is.token) return raw
  const kept = (withoutToken(before)['http'] as { readonly token?: unknown }).token === is.token
  return kept ? { ...raw, http: { ...is, token: was.token } } : raw
}

/** In whatever order of keys. */
const saysTheSame = (a: unknown, b: unknown): boolean => {
  const [x, y] = [listOf(a), listOf(b)]
  const rest = (value: unknown) => JSON.stringify({ ...(value as object), sources: undefined })
  const token = (raw: Raw) => (raw['http'] as { readonly token?: unknown } | undefined)?.token
  return (
    rest(a) === rest(b) &&
    x.length === y.length &&
    x.every((raw, i) => sourceTextOf(raw) === sourceTextOf(y[i]!) && token(raw) === token(y[i]!))
  )
}
