/** The embedded store is closed while questions are under way. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDuckdb } from '../../../ingest/store/duckdb.ts'
import { EVERYTHING } from '../../../ingest/store/filter.ts'
import { SYSTEM } from '../../../ingest/store/store.ts'

test('a store that is closed beneath questions answers or refuses each, and the process lives on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vonglau-closing-'))
  try {
    for (let round = 0; round < 6; round++) {
      const store = await openDuckdb({ folder, wait: 5 })
      const events = Array.from({ length: 2000 }, (_, n) => ({
        '@timestamp': Date.UTC(2026, 10, 27) + n,
        'event.id': `${round}-${n}`,
        'url.path': `/a${n}`,
      }))
      await store.append({ events, offsets: [] }, Date.UTC(2026, 10, 27) + round * 1000)
      const controller = new AbortController()
      const query = { filter: EVERYTHING, order: 'newest', limit: 100, signal: controller.signal } as const
      const asked = Array.from({ length: 6 }, () => store.search(SYSTEM, query))
      const settled = Promise.allSettled(asked)
      if (round % 3 === 1) controller.abort()
      if (round % 3 === 2) await asked[0]
      await store.close()
      for (const each of await settled)
        if (each.status === 'rejected') expect(String(each.reason)).toMatch(/nobody waits|closed/)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 60_000)
