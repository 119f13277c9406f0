/** What the store finds for a rule of the catalog is what the rule says in process. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Event } from '../../ingest/event.ts'
import { openDuckdb } from '../../ingest/store/duckdb.ts'
import { compile } from '../../ingest/store/match.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import { CATALOG, loadRules, pathOf, ruleFiles } from '../../rules/load.ts'
import { eventOf, words } from './events.ts'
import { LOGSOURCES } from '../../ingest/parsers/index.ts'

type Line = { event?: Event; source?: string; line?: string; events?: Line[] }
const eventsOf = ({ event, source, line, events }: Line): Event[] => {
  if (events) return events.flatMap(eventsOf)
  if (event) return [{ '@timestamp': 0, ...event }]
  return [eventOf(source!, line!.replace(/\{\w+\}/g, '7')) ?? {}]
}

test('the store and the filter in process agree on every rule', async () => {
  const files = ruleFiles(CATALOG).map((file) => pathOf(file).replace(/\.yml$/, '.events.ndjson'))
  const lines = files.flatMap((file) => readFileSync(file, 'utf8').trim().split('\n'))
  const events = lines
    .flatMap((line) => eventsOf(JSON.parse(line) as Line))
    .map((event, i): Event => ({ '@timestamp': 0, ...event, 'event.id': `e${i}` }))
  const folder = mkdtempSync(join(tmpdir(), 'catalog-'))
  const store = await openDuckdb({ folder, wait: 0 })
  try {
    await store.append({ events, offsets: [] }, Date.UTC(2026, 4, 14))
    for (const { id, filter } of loadRules(undefined, LOGSOURCES, words)) {
      const found: unknown[] = []
      for await (const chunk of store.match(SYSTEM, { filter, fields: ['event.id'] })) {
        for (const event of chunk) found.push(event['event.id'])
      }
      const expected = events.filter(compile(filter)).map((event) => event['event.id'])
      expect([id, found.sort()]).toEqual([id, expected.sort()])
      expect([id, expected.length > 0]).toEqual([id, true])
    }
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
