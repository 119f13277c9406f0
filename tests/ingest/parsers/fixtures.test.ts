/**
 * Every `<id>/<name>.log` is parsed line by line; `<name>.expected.json` beside it holds the documents, in order, a line
 * that is no event as `{ "error": … }`. UPDATE_FIXTURES=1 writes them anew: read the difference before you commit it.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Event, toDocument } from '../../../ingest/event.ts'
import { parserOf, parsers } from '../../../ingest/parsers/index.ts'
import { parsed } from './lines.ts'

/** `<name>.options.json` beside a log says what a configuration would. */
const documents = (id: string, file: string): unknown[] => {
  const said = file.replace(/\.log$/, '.options.json')
  const options = existsSync(said) ? { options: JSON.parse(readFileSync(said, 'utf8')) as unknown } : {}
  const out = parsed(id, readFileSync(file), options).map((each) =>
    'error' in each ? each : toDocument(each as Event),
  )
  return JSON.parse(JSON.stringify(out)) as unknown[]
}

const cases = [...parsers.keys()].flatMap((id) => {
  const folder = join(import.meta.dirname, id)
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.log')) : []
  return names.length > 0 ? names.map((name) => [id, name] as const) : [[id, '(no fixture)'] as const]
})

test.each(cases)('%s: %s', (id, name) => {
  const file = join(import.meta.dirname, id, name)
  const found = documents(id, file)
  const golden = file.replace(/\.log$/, '.expected.json')
  if (process.env['UPDATE_FIXTURES'] === '1') writeFileSync(golden, `${JSON.stringify(found, null, 2)}\n`)
  expect(found).toEqual(JSON.parse(readFileSync(golden, 'utf8')))
})

test('an unknown parser is an error that names the known ones', () => {
  expect(() => parserOf('nginx')).toThrow(
    /no parser "nginx"; known ones are fortinet_fortigate, nginx_access, iis_access/,
  )
})
