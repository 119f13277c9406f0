/** What is remembered of a correlation's groups never says that one has less than it has. */
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import type { Event } from '../../ingest/event.ts'
import type { Store } from '../../ingest/store/store.ts'
import { openPasses, REWRITTEN } from '../../rules/pass.ts'
import type { Rule } from '../../rules/rule.ts'
import { compileSigma } from '../../rules/sigma/compile.ts'
import { embeddedPlace, type Place } from './stores.ts'

/** Each run has a day of its own, behind all that was stored before. */
let start = Date.UTC(2026, 4, 14, 8)
const MINUTE = 60_000
const correlation = (id: string, type: string, condition: string): Rule =>
  compileSigma(
    `title: Dò
name: probe
level: low
detection: { a: { event.action: probe }, condition: a }
---
title: Nhiều
id: ${id}
level: high
correlation:
  type: ${type}
  rules: [probe]
  group-by: [source.ip]
  timespan: 10m
  condition: ${condition}`,
    'probing.yml',
  ).find((rule) => rule.id === id)!
const many = correlation('many', 'event_count', '{ gte: 3 }')
const wide = correlation('wide', 'value_count', '{ gte: 3, field: destination.port }')

let place: Place | undefined
afterEach(async () => place?.remove())
let n = 0
const probe = (minute: number, ip: string, port: number): Event => ({
  '@timestamp': start + minute * MINUTE,
  'event.id': `e${n++}`,
  'event.kind': 'event',
  'event.action': 'probe',
  'source.ip': ip,
  'destination.port': port,
})
const groupOf = (ip: string) => [{ field: 'source.ip', value: ip }]

/** What a group has in a window, counted one by one. */
const inWindow = (events: readonly Event[], ip: string, from: number, to: number, rule: Rule): number => {
  const its = events.filter(
    (event) =>
      event['source.ip'] === ip && (event['@timestamp'] as number) >= from && (event['@timestamp'] as number) < to,
  )
  return rule === many ? its.length : new Set(its.map((event) => event['destination.port'])).size
}

const IPS = ['192.0.2.1', '192.0.2.2', '2001:db8::1']
const step = fc.oneof(
  { weight: 3, arbitrary: fc.array(fc.tuple(fc.nat(59), fc.nat(2), fc.nat(4)), { minLength: 1, maxLength: 6 }) },
  { weight: 2, arbitrary: fc.constant('run' as const) },
  { weight: 1, arbitrary: fc.constant('another process runs' as const) },
)

test('whatever comes, in whatever order, and whoever runs the rules', async () => {
  place = embeddedPlace()
  const store: Store = await place.open()
  let told = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 3, maxLength: 12 }),
      fc.array(fc.tuple(fc.integer({ min: -20, max: 60 }), fc.integer({ min: 1, max: 60 })), {
        minLength: 4,
        maxLength: 8,
      }),
      async (steps, windows) => {
        start += 86_400_000
        const passes = openPasses(store)
        const begun = await store.events.committed()
        let [at, covered] = [begun, begun]
        const events: Event[] = []
        for (const each of steps) {
          if (Array.isArray(each)) {
            const some = each.map(([minute, ip, port]) => probe(minute, IPS[ip]!, port))
            await store.events.append({ events: some, offsets: [] }, ++at)
            events.push(...some)
            at = await store.events.committed()
            continue
          }
          if (each === 'run') await passes.pass(covered, at, [many, wide])
          covered = at
          for (const rule of [many, wide])
            for (const [from, minutes] of windows)
              for (const ip of IPS) {
                const window = { from: start + from * MINUTE, to: start + (from + minutes) * MINUTE, upTo: at }
                if (passes.recent.may(rule, 0, groupOf(ip), window)) continue
                told++
                expect(inWindow(events, ip, window.from, window.to, rule)).toBeLessThan(3)
              }
        }
      },
    ),
    { numRuns: 30 },
  )
  expect(told).toBeGreaterThan(100)
})

test('who has not enough is not asked for; what happened before, or elsewhere, is not known', async () => {
  place = embeddedPlace()
  const store = await place.open()
  const passes = openPasses(store)
  let at = 0
  const come = async (...events: Event[]) => {
    await store.events.append({ events, offsets: [] }, ++at)
    await passes.pass(at - 1, at, [many, wide])
  }
  const window = { from: start - 20 * MINUTE, to: start + 60 * MINUTE }
  const may = () => [many, wide].map((rule) => passes.recent.may(rule, 0, groupOf(IPS[0]!), { ...window, upTo: at }))
  // One below what is wanted is asked of the store where values are counted: two of them may look alike.
  await come(probe(1, IPS[0]!, 80), probe(2, IPS[0]!, 80), probe(3, IPS[1]!, 22))
  expect(may()).toEqual([false, false])
  await come(probe(4, IPS[0]!, 80))
  expect(may()).toEqual([true, false])
  await come(probe(5, IPS[0]!, 22))
  expect(may()).toEqual([true, true])
  expect(passes.recent.may(many, 0, groupOf(IPS[2]!), { ...window, upTo: at })).toBe(false)
  // What was stored is written anew: an event may be of another group now.
  await store.documents.collection(REWRITTEN).put([{ id: 'last', version: 'any', doc: { at } }])
  await come(probe(6, IPS[1]!, 22))
  expect(passes.recent.may(many, 0, groupOf(IPS[2]!), { ...window, upTo: at })).toBe(true)
  await passes.pass(at, ++at, [many, wide])
  expect(
    passes.recent.may(many, 0, groupOf(IPS[2]!), {
      ...window,
      from: start + 90 * MINUTE,
      to: start + 99 * MINUTE,
      upTo: at,
    }),
  ).toBe(false)
  // Somebody else ran the rules for a while.
  await store.events.append({ events: [probe(6, IPS[2]!, 1)], offsets: [] }, ++at)
  await come(probe(7, IPS[2]!, 2))
  expect(passes.recent.may(many, 0, groupOf(IPS[2]!), { ...window, upTo: at })).toBe(true)
})
