import { withComputed } from '../../ingest/computed/computed.ts'
import { Hono } from 'hono'
import { type Event, typeOf } from '../../ingest/event.ts'
import { and, eq, type Filter, fieldsOf } from '../../ingest/store/filter.ts'
import { FREE_TEXT, suggest } from '../../ingest/store/kql.ts'
import { asked, bucketWidth, type Env, notFound } from '../context.ts'
import { placeOf, rangeOf } from '../bounds.ts'
import type { EventList, Suggestion } from '../contract.ts'
import { does } from '../does.ts'
import { checkKql, getEvent, listEvents, suggestKql } from '../schema/events.ts'

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
const NOT_LISTED = new Set(['event.original', 'event.id', '@timestamp', 'event.ingested', 'message'])

/** Health of the sources is not what a person searches among their logs, unless they name it. */
const withoutHealth = (filter: Filter): Filter => {
  const names = fieldsOf(filter)
  return names.has('event.dataset') || [...names].some((name) => name.startsWith('vonglau.'))
    ? filter
    : and(filter, { op: 'not', of: eq('event.dataset', 'vonglau.source') })
}

export const events = new Hono<Env>()
  .get('/', does(listEvents), async (c) => {
    const { installation, scope } = c.var
    const q = c.req.valid('query')
    const { from, to } = rangeOf(q, installation.clock(), 86_400_000)
    const filter = withoutHealth(asked(c, q.q, FREE_TEXT))
    const store = installation.store.events
    const { signal } = c.req.raw
    const page = await store.search(scope, {
      filter,
      from,
      to,
      order: q.order,
      limit: q.limit ?? 100,
      ...placeOf(q),
      signal,
    })
    const every = bucketWidth(from, to, 80)
    const start = Math.floor(from / every) * every
    const counts = new Array<number>(Math.max(1, Math.ceil((to - start) / every))).fill(0)
    let total = 0
    const fields: EventList['fields'] = []
    // A further page has the same totals as the first.
    if (q.cursor === undefined) {
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
      const wanted = q.fields ? q.fields.split(',').filter(Boolean).slice(0, 12) : []
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
  .get('/:id', does(getEvent), async (c) => {
    const { installation, scope } = c.var
    const { items } = await installation.store.events.search(scope, {
      filter: { op: 'in', field: 'event.id', values: [c.req.param('id')], cased: true },
      order: 'newest',
      limit: 1,
      signal: c.req.raw.signal,
    })
    if (!items[0]) throw notFound('sự kiện này', 'event')
    return c.json({ event: withComputed(items[0]) })
  })

export const kql = new Hono<Env>()
  .get('/', does(checkKql), (c) => {
    asked(c, c.req.valid('query').q, FREE_TEXT)
    return c.json({ ok: true as const })
  })
  .get('/suggest', does(suggestKql), async (c) => {
    const { installation, scope, sight } = c.var
    const { q: text = '', at = text.length } = c.req.valid('query')
    const hint = suggest(text, Math.max(0, at))
    const items: Suggestion[] = [...hint.items]
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
