/** One entry as a person reads and writes it: YAML, as it would stand in a file. */
import { LineCounter, parseDocument, stringify } from 'yaml'
import { terse } from './written.ts'

export const entryText = (entry: unknown): string => stringify(terse(entry), { lineWidth: 0 })

/** Throws one sentence with line and column where it is no YAML of one entry. `what`: of which entry, for the sentence. */
export const parseEntry = (text: string, what: string): unknown => {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, maxAliasCount: 100 } as Parameters<
    typeof parseDocument
  >[1])
  const broken = document.errors[0]
  if (broken) {
    const { line, col } = lines.linePos(broken.pos[0])
    throw new Error(`${what}, line ${line}, column ${col}: this is not YAML: ${broken.message.split('\n')[0]}`)
  }
  const entry: unknown = document.toJS({ maxAliasCount: 100 })
  if (typeof entry !== 'object' || entry === null) throw new Error(`${what}: write its fields, such as "id: so-y-te"`)
  return entry
}
