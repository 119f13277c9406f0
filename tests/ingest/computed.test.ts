/** What is computed when it is asked for: the same in process, from the store, in a list and in a question. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { communityIds } from '../../ingest/computed/community-id.ts'
import { withComputed } from '../../ingest/computed/computed.ts'
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
const FLOW: Event = { 'source.ip': '192.168.0.89', 'destination.ip': '192.168.0.1' }
// The specification's own baseline (corelight/community-id-spec, baseline_deflt.json).
test.each([
  ['tcp', flow('128.232.110.120', 34855, '66.35.250.204', 80), '1:LQU9qZlK+B5F3KDmev6m5PMibrg='],
  ['its answer', flow('66.35.250.204', 80, '128.232.110.120', 34855), '1:LQU9qZlK+B5F3KDmev6m5PMibrg='],
  ['udp', flow('192.168.1.52', 54585, '8.8.8.8', 53, 'udp'), '1:d/FP5EW3wiY1vCndhwleRRKHowQ='],
  [
    'icmp, its type',
    { ...FLOW, 'network.transport': 'icmp', 'icmp.type': 8, 'icmp.code': 0 },
    '1:X0snYXpgwiv9TZtqg64sgzUn6Dk=',
  ],
  [
    'icmp as a vendor says it',
    { ...FLOW, 'network.transport': 'icmp', 'iptables.icmp.type': '8' },
    '1:X0snYXpgwiv9TZtqg64sgzUn6Dk=',
  ],
])('community id of %s', (_, event, id) => {
  expect(communityIds(event)).toBe(id)
})
test('a flow that a firewall translates has the ids of both sides', () => {
  const inside = flow('192.168.1.52', 54585, '8.8.8.8', 53, 'udp')
  const outside = flow('198.51.100.1', 40001, '8.8.8.8', 53, 'udp')
  const own = [communityIds(inside), communityIds(outside)]
  expect(communityIds({ ...inside, 'source.nat.ip': '198.51.100.1', 'source.nat.port': 40001 })).toEqual(own)
  expect(communityIds({ ...inside, 'source.nat.ip': '192.168.1.52', 'source.nat.port': 54585 })).toBe(own[0])
  const event = { ...inside, 'source.nat.ip': '198.51.100.1', 'source.nat.port': 40001 }
  for (const id of own) expect(compile(eq('network.community_id', id as string))(event)).toBe(true)
})
test('absent where the line does not say a flow, and what a line says wins', () => {
  expect(communityIds(flow('192.0.2.1', 1, '192.0.2.2', 2, 'icmp'))).toBeUndefined()
  expect(communityIds(flow('192.0.2.1', 1, '2001:db8::1', 2))).toBeUndefined()
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

test.each([
  ['www.soyte.vinhlong.gov.vn', 'vinhlong.gov.vn', 'www.soyte', 'gov.vn'],
  ['example.com', 'example.com', undefined, 'com'],
  ['a.b.github.io', 'b.github.io', 'a', 'github.io'],
  ['gov.vn', undefined, undefined, undefined],
  ['192.0.2.1', undefined, undefined, undefined],
  ['2001:db8::1', undefined, undefined, undefined],
  ['may-01', undefined, undefined, undefined],
  ['a..b', undefined, undefined, undefined],
  ['__proto__', undefined, undefined, undefined],
])('the registered domain of %s', (domain, registered, subdomain, suffix) => {
  const event = withComputed({ 'url.domain': domain, 'dns.question.name': domain })
  for (const group of ['url', 'dns.question']) {
    expect(event[`${group}.registered_domain`]).toBe(registered)
    expect(event[`${group}.subdomain`]).toBe(subdomain)
    expect(event[`${group}.top_level_domain`]).toBe(suffix)
  }
})
test.each([
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36',
    { name: 'Chrome', version: '128.0.0.0', 'os.name': 'Windows', 'os.full': 'Windows 10' },
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
    { name: 'Safari', 'os.name': 'iOS', 'os.version': '17.5', 'device.name': 'Apple iPhone' },
  ],
  ['curl/8.5.0', { name: 'curl', version: '8.5.0', 'os.name': undefined }],
  [' ', { name: undefined }],
  ['((('.repeat(50_000), { name: undefined }],
])('what %j says it is', (original, parts) => {
  const event = withComputed({ 'user_agent.original': original })
  for (const [part, value] of Object.entries(parts)) expect(event[`user_agent.${part}`]).toBe(value)
})
test('whom an event names, each once; one of the fields is enough, and a store finds it by that', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vonglau-computed-'))
  const store = await openDuckdb({ folder, wait: 0 })
  try {
    const T = Date.UTC(2026, 10, 26)
    const said: Event[] = [
      { 'user.name': 'lan' },
      { 'source.user.name': 'lan', 'user.name': 'lan', 'destination.user.name': 'minh' },
      { 'user.name': 'minh' },
      {},
    ]
    const all = said.map((fields, i) => ({ '@timestamp': T + i, 'event.id': String(i), ...fields }))
    expect(withComputed(all[1]!)['related.user']).toEqual(['lan', 'minh'])
    expect(withComputed(all[3]!)).not.toHaveProperty(['related.user'])
    await store.append({ events: all, offsets: [] }, T)
    for (const [name, found] of [
      ['lan', ['0', '1']],
      ['minh', ['1', '2']],
    ] as const) {
      const filter = eq('related.user', name)
      expect(all.filter(compile(filter)).map((event) => event['event.id'])).toEqual(found)
      const { items } = await store.search(SYSTEM, { filter, order: 'oldest', limit: 10, fields: ['event.id'] })
      expect(items.map((event) => event['event.id'])).toEqual(found)
    }
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
