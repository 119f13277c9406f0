/**
 * Every `<id>/<name>.log` is parsed line by line; `<name>.expected.json` beside it holds the documents, in order, a line
 * that is no event as `{ "error": … }`. UPDATE_FIXTURES=1 writes them anew: read the difference before you commit it.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { toDocument } from '../../../ingest/event.ts'
import { parserOf, parsers } from '../../../ingest/parsers/index.ts'
import type { ParserState } from '../../../ingest/parsers/parser.ts'

const context = { arrived: Date.UTC(2026, 4, 14, 12), timezone: 'Asia/Ho_Chi_Minh' }

const documents = (id: string, text: string): unknown[] => {
  const parser = parserOf(id)
  let state: ParserState
  const out: unknown[] = []
  for (const line of text.split('\n')) {
    const parsed = parser.parse(line, context, state)
    if (parsed.state !== undefined) state = JSON.parse(JSON.stringify(parsed.state)) as ParserState
    if ('error' in parsed) out.push({ error: parsed.error })
    else if ('event' in parsed) out.push(toDocument(parsed.event))
  }
  return JSON.parse(JSON.stringify(out)) as unknown[]
}

const cases = [...parsers.keys()].flatMap((id) => {
  const folder = join(import.meta.dirname, id)
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.log')) : []
  return names.length > 0 ? names.map((name) => [id, name] as const) : [[id, '(no fixture)'] as const]
})

test.each(cases)('%s: %s', (id, name) => {
  const file = join(import.meta.dirname, id, name)
  const found = documents(id, readFileSync(file, 'utf8'))
  const golden = file.replace(/\.log$/, '.expected.json')
  if (process.env['UPDATE_FIXTURES'] === '1') writeFileSync(golden, `${JSON.stringify(found, null, 2)}\n`)
  expect(found).toEqual(JSON.parse(readFileSync(golden, 'utf8')))
})

test('an unknown parser is an error that names the known ones', () => {
  expect(() => parserOf('nginx')).toThrow(
    /no parser "nginx"; known ones are fortinet_fortigate, nginx_access, iis_access/,
  )
})
