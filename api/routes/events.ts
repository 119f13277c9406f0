import { withComputed } from '../../ingest/computed.ts'
import { Hono } from 'hono'
import { type Event, typeOf } from '../../ingest/event.ts'
import { and, eq, type Filter, fieldsOf } from '../../ingest/store/filter.ts'
import { FREE_TEXT, suggest } from '../../ingest/store/kql.ts'
import { asked, bucketWidth, type Env, notFound } from '../context.ts'
import { cursorOf, limitOf, oneOf, positionOf, rangeOf, searchOf } from '../bounds.ts'
import type { EventList } from '../contract.ts'

/** Always offered beside the fields that the events on the page have. */
const USUAL = [
  'vonglau.source.id',
  'event.action',
  'event.outcome',
  'source.ip',
  'destination.ip',
  'portal.domain',
  'organization.name',
  'http.response.status_code',
  'http.request.method',
  'source.geo.country_iso_code',
  'network.type',
]
const ORDERS = { newest: 'newest', oldest: 'oldest' } as const
const NOT_LISTED = new Set(['event.original', 'event.id', '@timestamp', 'event.ingested', 'message'])

/** Health of the sources is not what a person searches among their logs, unless they name it. */
const withoutHealth = (filter: Filter): Filter => {
  const names = fieldsOf(filter)
  return names.has('event.dataset') || [...names].some((name) => name.startsWith('vonglau.'))
    ? filter
    : and(filter, { op: 'not', of: eq('event.dataset', 'vonglau.source') })
}

export const events = new Hono<Env>()
  .get('/', async (c) => {
    const { installation, scope } = c.var
    const q = c.req.query()
    const { from, to } = rangeOf(q, installation.clock(), 86_400_000)
    const filter = withoutHealth(asked(c, FREE_TEXT))
    const limit = limitOf(q, 100, 500)
    const order = oneOf(ORDERS, q, 'order', 'newest')
    const store = installation.store.events
    const { signal } = c.req.raw
    const page = await store.search(scope, {
      filter,
      from,
      to,
      order,
      limit,
      ...cursorOf(q),
      signal,
    })
    const every = bucketWidth(from, to, 80)
    const start = Math.floor(from / every) * every
    const counts = new Array<number>(Math.max(1, Math.ceil((to - start) / every))).fill(0)
    let total = 0
    const fields: EventList['fields'] = []
    // A further page has the same totals as the first.
    if (!q['cursor']) {
      const buckets = await store.aggregate(scope, {
        filter,
        from,
        to,
        by: [{ every }],
        limit: counts.length + 1,
        signal,
      })
      for (const { key, count } of buckets.items) {
        total += count
        const i = Math.round((Number(key[0]) - start) / every)
        if (i >= 0 && i < counts.length) counts[i] = count
      }
      const seen = new Map<string, Map<string, number>>()
      for (const event of page.items) {
        for (const [name, value] of Object.entries(event)) {
          if (NOT_LISTED.has(name)) continue
          let values = seen.get(name)
          if (!values) seen.set(name, (values = new Map()))
          for (const each of [value].flat()) values.set(String(each), (values.get(String(each)) ?? 0) + 1)
        }
      }
      const wanted = q['fields'] ? q['fields'].split(',').filter(Boolean).slice(0, 12) : []
      for (const name of new Set([...USUAL, ...seen.keys()])) {
        let values = [...(seen.get(name) ?? [])].map(([value, count]) => ({ value, count }))
        // Counted over the whole range where it was asked for; else over this page.
        if (wanted.includes(name))
          values = (
            await store.aggregate(scope, { filter, from, to, by: [{ terms: name }], limit: 10, signal })
          ).items.flatMap(({ key, count }) => (key[0] === null ? [] : [{ value: String(key[0]), count }]))
        if (values.length)
          fields.push({
            field: name,
            type: typeOf(name) ?? 'keyword',
            values: values.sort((a, b) => b.count - a.count).slice(0, 10),
          })
      }
    }
    const body: EventList = {
      items: [...page.items] as Event[],
      total,
      ...(page.cursor ? { cursor: page.cursor } : {}),
      histogram: { start, every, counts },
      fields,
      missing: [...page.missing],
    }
    return c.json(body)
  })
  .get('/:id', async (c) => {
    const { installation, scope } = c.var
    const { items } = await installation.store.events.search(scope, {
      filter: { op: 'in', field: 'event.id', values: [c.req.param('id')], cased: true },
      order: 'newest',
      limit: 1,
    })
    if (!items[0]) throw notFound('sự kiện này', 'event')
    return c.json({ event: withComputed(items[0]) })
  })

export const kql = new Hono<Env>()
  .get('/', (c) => {
    asked(c, FREE_TEXT)
    return c.json({ ok: true })
  })
  .get('/suggest', async (c) => {
    const { installation, scope, sight } = c.var
    const text = searchOf(c.req.query()) ?? ''
    const hint = suggest(text, Math.max(0, positionOf(c.req.query(), 'at', text.length)))
    const items = [...hint.items]
    if (hint.field !== undefined) {
      const now = installation.clock()
      const buckets = await installation.store.events.aggregate(scope, {
        filter: { op: 'exists', field: hint.field },
        from: now - 86_400_000,
        to: now + 1,
        by: [{ terms: hint.field }],
        limit: 200,
        signal: c.req.raw.signal,
      })
      for (const { key } of buckets.items) {
        // Masked before it is compared: whether one begins like that is not told either.
        const value = sight.text(hint.field, String(key[0]))
        if (key[0] !== null && value.toLowerCase().startsWith(hint.prefix.toLowerCase()) && items.length < 12)
          items.push({
            text: /^[\w.-]+$/.test(value) ? value : JSON.stringify(value),
            kind: 'value',
            from: hint.from,
            to: hint.to,
          })
      }
    }
    return c.json({ items })
  })
