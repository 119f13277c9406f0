/**
 * Makes `before-words.tar.gz`: the events of two days as the program wrote them at commit d9bb3c7, when a day file did not say
 * which words are in an event, and an error's message was in no column.
 *
 *   git archive d9bb3c7 | tar -x -C OLD        (and node_modules beside it)
 *   node tests/api/upgrade/make-words.ts OLD tests/api/upgrade/before-words.tar.gz
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const [old, out] = process.argv.slice(2)
if (old === undefined || out === undefined) throw new Error('name the old program’s folder and the archive to write')

const { openDuckdb } = await import(join(resolve(old), 'ingest/store/duckdb.ts'))
const folder = mkdtempSync(join(tmpdir(), 'vonglau-before-'))
const store = await openDuckdb({ folder: join(folder, 'events'), wait: 0 })
for (const day of [18, 19]) {
  const time = Date.UTC(2026, 10, day, 6)
  const events = [
    {
      'event.original': 'GET /tin HTTP/1.1 Mozilla/5.0 Chrome/120.0',
      'url.decoded': '/tin',
      'organization.name': 'Sở Y tế',
    },
    { 'event.original': 'GET /l%E1%BB%8Bch HTTP/1.1 curl/8.5', 'url.decoded': '/lịch' },
    { 'event.original': '???', 'error.message': 'dòng này không đọc được', 'event.kind': 'pipeline_error' },
    { 'event.original': 'GET /\u001f HTTP/1.1 chrome', 'url.decoded': '/\u001f' },
  ].map((event, i) => ({ '@timestamp': time + i, 'event.id': `${day}-${i}`, ...event }))
  const offsets = [{ source: 'iis', segment: 'a', position: day * 100 }]
  await store.append({ events, offsets }, time)
}
await store.close()
execFileSync('tar', ['-czf', resolve(out), '-C', folder, 'events'])
rmSync(folder, { recursive: true, force: true })
