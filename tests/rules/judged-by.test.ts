/** What is remembered of who judged a window is what the store says, however asking and taking in follow each other. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { and, eq, not, or } from '../../ingest/store/filter.ts'
import { embeddedPlace } from './stores.ts'
import { type JudgedBy, mayHold, openJudged } from '../../rules/judged.ts'

const HOUR = 3_600_000
const BEGIN = Date.UTC(2026, 10, 27, 8)

/** An event of a set at a minute behind the beginning, or a question about the hours from one to another. */
const step = fc.oneof(
  fc.record({
    minute: fc.integer({ min: 0, max: 359 }),
    set: fc.constantFrom('today', 'yesterday', undefined),
  }),
  fc.record({ from: fc.integer({ min: 0, max: 5 }), hours: fc.integer({ min: 1, max: 4 }) }),
)
const sorted = (all: readonly JudgedBy[]) => all.toSorted((a, b) => String(a.set).localeCompare(String(b.set)))

test('the sets of any hours, and how many events each has judged', async () => {
  const place = embeddedPlace()
  try {
    const store = await place.open()
    let now = BEGIN
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 16 }), async (steps) => {
        // Each run begins with an empty memory over what the runs before have stored.
        const judged = openJudged(store, (filter) => filter)
        for (const each of steps) {
          if ('minute' in each) {
            const { minute, set } = each
            const event = {
              '@timestamp': BEGIN + minute * 60_000,
              'event.id': `e${now}`,
              ...(set ? { 'vonglau.judged': set } : {}),
            }
            await store.events.append({ events: [event], offsets: [] }, ++now)
            continue
          }
          const window = { from: BEGIN + each.from * HOUR, to: BEGIN + (each.from + each.hours) * HOUR }
          const asked = { ...window, ingested: { upTo: await store.events.committed() } }
          expect(sorted(await judged.around(asked))).toEqual(sorted(await judged.in(asked)))
        }
      }),
      { numRuns: 25 },
    )
  } finally {
    await place.remove()
  }
})

test('what lies between hours is never left out, and another minute of the hour may be told with it', async () => {
  const place = embeddedPlace()
  try {
    const store = await place.open()
    const judged = openJudged(store, (filter) => filter)
    const at = (minute: number, set: string) =>
      store.events.append(
        {
          events: [{ '@timestamp': BEGIN + minute * 60_000, 'event.id': `${minute}`, 'vonglau.judged': set }],
          offsets: [],
        },
        BEGIN + minute,
      )
    await at(10, 'first')
    await at(50, 'second')
    const window = { from: BEGIN + 5 * 60_000, to: BEGIN + 20 * 60_000 }
    const sets = async () =>
      sorted(await judged.around({ ...window, ingested: { upTo: await store.events.committed() } })).map(
        ({ set }) => set,
      )
    expect(await sets()).toEqual(['first', 'second'])
    await at(11, 'third')
    expect(await sets()).toEqual(['first', 'second', 'third'])
  } finally {
    await place.remove()
  }
})

test.each([
  [eq('event.dataset', 'iis_access', 'nginx_access'), ['iis_access', 'nginx_access'], ['vonglau.source', undefined]],
  [and(eq('event.dataset', 'iis_access'), eq('url.path', '/')), ['iis_access'], ['vonglau.source', undefined]],
  [or(eq('event.dataset', 'iis_access'), eq('url.path', '/')), ['iis_access', 'squid', undefined], ['vonglau.source']],
  [not(eq('event.dataset', 'vonglau.source')), ['iis_access', undefined], ['vonglau.source']],
  [not(and(eq('event.dataset', 'vonglau.source'), eq('error.message', 'x'))), ['iis_access', 'vonglau.source'], []],
  [eq('url.path', '/'), ['iis_access', undefined], ['vonglau.source']],
  [and(eq('observer.type', 'firewall'), eq('event.action', 'denied')), ['fortinet_fortigate'], ['vonglau.source']],
  [eq('event.kind', 'metric'), ['iis_access', 'vonglau.source'], []],
  [eq('vonglau.source.state', 'silent'), ['vonglau.source'], []],
])('which datasets a filter may hold of (%#)', (filter, may, never) => {
  for (const dataset of may) expect([dataset, mayHold(filter, dataset)]).toEqual([dataset, true])
  for (const dataset of never) expect([dataset, mayHold(filter, dataset)]).toEqual([dataset, false])
})

test('events of more hours than can be told at once are in the way of one question, and of none after it', async () => {
  const place = embeddedPlace()
  try {
    const store = await place.open()
    const judged = openJudged(store, (filter) => filter)
    let n = 0
    const put = (times: readonly number[], dataset = () => 'nginx.access') =>
      store.events.append(
        {
          events: times.map((time) => ({
            '@timestamp': time,
            'event.id': `e${n++}`,
            'event.dataset': dataset(),
            'vonglau.judged': 'today',
          })),
          offsets: [],
        },
        BEGIN + n,
      )
    const asked = async () => ({
      from: BEGIN,
      to: BEGIN + HOUR,
      ingested: { upTo: await store.events.committed() },
    })
    await put([BEGIN])
    expect(await judged.around(await asked())).toEqual([{ set: 'today', count: 1 }])
    // An import of three years, an event an hour: the hours that are known are asked for alone.
    await put(Array.from({ length: 25_000 }, (_, i) => BEGIN - (i + 1) * HOUR))
    expect(await judged.around(await asked())).toEqual([{ set: 'today', count: 1 }])
    // A sender that makes up its datasets: within the hour itself.
    await put(
      Array.from({ length: 25_000 }, () => BEGIN),
      () => `made.up.${n}`,
    )
    expect(await judged.around(await asked())).toEqual([{ set: undefined, count: 1 }])
    const later = { from: BEGIN + HOUR, to: BEGIN + 2 * HOUR }
    await put([later.from])
    expect(await judged.around({ ...(await asked()), ...later })).toEqual([{ set: 'today', count: 1 }])
  } finally {
    await place.remove()
  }
})
