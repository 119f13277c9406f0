/** The process that kill.test.ts kills: a file source and a network source into one store. */
import { join } from 'node:path'
import { emptyInventory } from '../../ingest/inventory/inventory.ts'
import { createIngest } from '../../ingest/pipeline.ts'
import type { Source } from '../../ingest/source.ts'
import { openDuckdb } from '../../ingest/store/duckdb.ts'

const [folder, from] = process.argv.slice(2) as [string, string]
const store = await openDuckdb({ folder: join(folder, 'events'), wait: 20 })
const base = { parser: 'nginx_access', timezone: 'UTC', silent: 15 }
const sources: Source[] = [
  { ...base, id: 'files', collect: { kind: 'file', path: join(folder, 'logs', 'access.log*'), start: 'beginning' } },
  { ...base, id: 'network', collect: { kind: 'http', token: 'not-used-here-at-all' } },
]
const ingest = await createIngest({
  store,
  sources,
  spoolFolder: join(folder, 'spool'),
  inventory: emptyInventory(),
  geoip: {},
  clock: Date.now,
  warn: console.error,
  poll: 20,
})
await ingest.start()
if (from === 'drain') {
  await ingest.drain()
  await ingest.stop()
  await store.close()
} else {
  for (let n = Number(from); ; n++) {
    process.stdout.write(`offered ${n}\n`)
    const line = `203.0.113.9 - - [21/Nov/2026:14:05:00 +0700] "GET /dong-${n} HTTP/1.1" 200 5 "-" "-"`
    await ingest.accept('network', [Buffer.from(line)], '127.0.0.1')
    process.stdout.write(`accepted ${n}\n`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
