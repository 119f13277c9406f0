/** What is computed when it is asked for: the same in process, from the store, in a list and in a question. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { communityId, withComputed } from '../../ingest/computed.ts'
import type { Event } from '../../ingest/event.ts'
import { openDuckdb } from '../../ingest/store/duckdb.ts'
import { eq } from '../../ingest/store/filter.ts'
import { compile } from '../../ingest/store/match.ts'
import { SYSTEM } from '../../ingest/store/store.ts'

const flow = (source: string, from: number, destination: string, to: number, transport = 'tcp'): Event => ({
  'source.ip': source,
  'source.port': from,
  'destination.ip': destination,
  'destination.port': to,
  'network.transport': transport,
})
// The specification's own baseline (corelight/community-id-spec, baseline_deflt.json).
test.each([
  ['tcp', flow('128.232.110.120', 34855, '66.35.250.204', 80), '1:LQU9qZlK+B5F3KDmev6m5PMibrg='],
  ['its answer', flow('66.35.250.204', 80, '128.232.110.120', 34855), '1:LQU9qZlK+B5F3KDmev6m5PMibrg='],
  ['udp', flow('192.168.1.52', 54585, '8.8.8.8', 53, 'udp'), '1:d/FP5EW3wiY1vCndhwleRRKHowQ='],
])('community id of %s', (_, event, id) => {
  expect(communityId(event)).toBe(id)
})
test('absent where the line does not say a flow, and what a line says wins', () => {
  expect(communityId(flow('192.0.2.1', 1, '192.0.2.2', 2, 'icmp'))).toBeUndefined()
  expect(communityId(flow('192.0.2.1', 1, '2001:db8::1', 2))).toBeUndefined()
  const said = { ...flow('192.0.2.1', 1, '192.0.2.2', 2), 'network.community_id': '1:own' }
  expect(withComputed(said)['network.community_id']).toBe('1:own')
})
test('a store finds and counts it, though it is not stored', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vonglau-computed-'))
  const store = await openDuckdb({ folder, wait: 0 })
  try {
    const T = Date.UTC(2026, 10, 26)
    const all: Event[] = [
      flow('128.232.110.120', 34855, '66.35.250.204', 80),
      flow('66.35.250.204', 80, '128.232.110.120', 34855),
      flow('192.0.2.1', 1, '192.0.2.2', 2),
      { 'network.community_id': '1:LQU9qZlK+B5F3KDmev6m5PMibrg=' },
      {},
    ].map((fields, i) => ({ '@timestamp': T + i, 'event.id': String(i), ...fields }))
    await store.append({ events: all, offsets: [] }, T)
    const filter = eq('network.community_id', '1:LQU9qZlK+B5F3KDmev6m5PMibrg=')
    expect(all.filter(compile(filter)).map((event) => event['event.id'])).toEqual(['0', '1', '3'])
    const found = await store.search(SYSTEM, { filter, order: 'oldest', limit: 10, fields: ['event.id'] })
    expect(found.items.map((event) => event['event.id'])).toEqual(['0', '1', '3'])
    expect(await store.count(SYSTEM, { filter: { op: 'not', of: filter } })).toBe(2)
    const { items } = await store.aggregate(SYSTEM, {
      filter: { op: 'and', of: [] },
      by: [{ terms: 'network.community_id' }],
      limit: 5,
    })
    expect(items.map(({ key, count }) => [key[0], count]).slice(0, 1)).toEqual([['1:LQU9qZlK+B5F3KDmev6m5PMibrg=', 3]])
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
