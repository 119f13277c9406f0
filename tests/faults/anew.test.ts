/** A day that is written anew is the old one or the new one, whenever the process is killed. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import type { Event } from '../../ingest/event.ts'
import { openDuckdb } from '../../ingest/store/duckdb.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { SYSTEM } from '../../ingest/store/store.ts'

const KILLS = 12
const EVENTS = 20_000
const T0 = Date.UTC(2026, 10, 20, 9)
const DAY = '2026-11-20'
const folder = mkdtempSync(join(tmpdir(), 'vonglau-anew-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const numbers = async () => {
  const store = await openDuckdb({ folder })
  try {
    const out: number[] = []
    for await (const events of store.match(SYSTEM, { filter: EVERYTHING, fields: ['http.response.bytes'] }))
      for (const event of events) out.push(Number(event['http.response.bytes']))
    return { out: out.sort((a, b) => a - b), offsets: await store.offsets('web'), days: await store.days() }
  } finally {
    await store.close()
  }
}

test(`killed ${KILLS} times as a day is written anew: nothing of what stays is lost or doubled`, async () => {
  const store = await openDuckdb({ folder })
  const events = Array.from(
    { length: EVENTS },
    (_, n): Event => ({
      '@timestamp': T0 + n,
      'event.id': `e-${n}`,
      'event.kind': 'event',
      'event.original': `dòng ${n} ${Math.imul(n + 1, 2_654_435_761)}`,
      'http.response.bytes': n,
    }),
  )
  await store.append({ events, offsets: [{ source: 'web', segment: '1', position: 7 }] }, T0)
  await store.append({ events: [], offsets: [{ source: 'web', segment: '1', position: 9 }] }, T0 + 86_400_000)
  await store.close()
  let [begun, done] = [0, 0]
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        fileURLToPath(new URL('anew.child.ts', import.meta.url)),
        folder,
        DAY,
        String(begun),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    let text = ''
    let killing = false
    const gone = new Promise((resolve) => child.once('close', resolve))
    child.stdout.on('data', (chunk) => {
      text += String(chunk)
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n')) {
        const [word, n] = text.slice(0, at).split(' ')
        text = text.slice(at + 1)
        if (word === 'done') done = Number(n)
        else begun = Number(n)
      }
      if (killing) return
      killing = true
      setTimeout(() => child.kill('SIGKILL'), Math.random() * 400)
    })
    await gone
    const { out, offsets, days } = await numbers()
    const first = out[0]!
    expect([done, begun]).toContain(first)
    expect(out).toEqual(Array.from({ length: EVENTS - first }, (_, i) => first + i))
    expect(offsets).toMatchObject([{ position: 9 }])
    expect(days.map(({ day }) => day)).toEqual([DAY, '2026-11-21'])
    expect(readdirSync(folder).filter((name) => name.includes('anew'))).toEqual([])
    done = first
    begun = first + 1
  }
})
