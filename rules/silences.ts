/**
 * What does not come any more: once a minute it is looked up, for each rule with `silent`, when what it expects was last there, and
 * what is silent, or is heard again, becomes an event of dataset `vonglau.silence`. The rest is an ordinary rule over these. Whether
 * something was told is known by the alerts, so a restart tells nothing twice.
 */
import { createHash } from 'node:crypto'
import { type Event, type Scalar, valuesOf } from '../ingest/event.ts'
import { and, eq, exists, type Filter, not } from '../ingest/store/filter.ts'
import { type Store, SYSTEM } from '../ingest/store/store.ts'
import { groupKey } from './alert.ts'
import { alertsIn } from './case/decide.ts'
import { pagesOf } from './case/pages.ts'
import type { Rule, Silent } from './rule.ts'
import { SILENCE_DATASET } from './sigma/memory.ts'

/** Values of a rule that are watched: of more the others are not. */
const MOST = 10_000
/** Events that one look writes; what is left is told by the next. */
const AT_ONCE = 1000
const MINUTE = 60_000
const SOURCE = 'vonglau-silence'
/** Of the last event that was heard. */
const COPIED = [
  'organization.id',
  'organization.name',
  'system.id',
  'vonglau.source.id',
  'observer.name',
  'portal.id',
  'portal.domain',
]

interface Watched {
  readonly spelled: string
  /** Ingest time up to which it was looked at. */
  upTo: number
  /** When it is not known to have ever come: since when it is waited for. */
  readonly since: number
  /** By the values of a group, as JSON. */
  readonly lasts: Map<string, number>
}

export interface Silences {
  /** Writes what is silent, or is heard again, once a minute however often it is called in it. Answers sentences about what is not watched. */
  tick(rules: readonly Rule[]): Promise<readonly string[]>
}

export const openSilences = (store: Store, clock: () => number): Silences => {
  const watched = new Map<string, Watched>()

  const look = async (rule: Rule, silent: Silent, now: number): Promise<Watched> => {
    const { filter, by, remember } = silent
    const spelled = JSON.stringify(silent)
    let mine = watched.get(rule.id)
    if (mine?.spelled !== spelled) watched.set(rule.id, (mine = { spelled, upTo: 0, since: now, lasts: new Map() }))
    const { lasts } = mine
    const committed = await store.events.committed()
    const window = {
      from: now - remember,
      ...(mine.upTo > 0 ? { ingested: { after: mine.upTo, upTo: committed } } : { ingested: { upTo: committed } }),
    }
    const note = (key: readonly (Scalar | null)[], at: number): void => {
      if (key.includes(null)) return
      const text = JSON.stringify(key)
      if (!lasts.has(text) && lasts.size >= MOST) return
      lasts.set(text, Math.max(lasts.get(text) ?? 0, at))
    }
    if (by.length === 0) {
      const { items } = await store.events.search(SYSTEM, {
        ...window,
        filter,
        order: 'newest',
        limit: 1,
        fields: ['@timestamp'],
      })
      if (items[0]) note([], Number(items[0]['@timestamp']))
      // What never came is missed as well, from when somebody began to wait.
      else if (!lasts.has('[]')) lasts.set('[]', mine.since)
    } else
      for await (const buckets of store.events.groups(SYSTEM, { ...window, filter, by, atLeast: 1 }))
        for (const { key, last } of buckets) note(key, last)
    for (const [key, last] of lasts) if (by.length > 0 && last < now - remember) lasts.delete(key)
    mine.upTo = committed
    return mine
  }

  /** Groups of which an alert says that they are silent, and when it says that last. */
  const toldOf = async (rule: Rule): Promise<ReadonlyMap<string, number>> => {
    const filter = and(eq('rule.id', rule.id), not(exists('alert.ended')), not(eq('alert.status', 'absorbed')))
    const out = new Map<string, number>()
    for await (const page of pagesOf(alertsIn(store.documents), filter, 1000))
      for (const { doc } of page) out.set(doc['alert.campaign'], doc['alert.last'])
    return out
  }

  const eventOf = async (
    rule: Rule,
    { filter, by }: Silent,
    values: readonly Scalar[],
    last: number,
    state: 'silent' | 'heard',
    now: number,
  ): Promise<Event> => {
    const where: Filter[] = by.map((field, i) => eq(field, values[i]!))
    const { items } = await store.events.search(SYSTEM, {
      filter: and(filter, ...where),
      from: last,
      to: last + 1,
      order: 'newest',
      limit: 1,
    })
    const copied = Object.fromEntries(
      COPIED.flatMap((field) => (items[0]?.[field] === undefined ? [] : [[field, items[0][field]]])),
    )
    const id = createHash('sha256')
      .update(JSON.stringify([rule.id, values, state]))
      .digest('base64url')
      .slice(0, 16)
    return {
      ...copied,
      ...Object.fromEntries(by.map((field, i) => [field, values[i]!])),
      '@timestamp': now,
      'event.id': `${id}-${Math.floor(now / MINUTE).toString(36)}`,
      'event.kind': 'metric',
      'event.dataset': SILENCE_DATASET,
      'vonglau.silence.rule': rule.id,
      'vonglau.silence.state': state,
      'vonglau.silence.since': last,
    } as Event
  }

  return {
    tick: async (rules) => {
      const those = rules.flatMap((rule) => (rule.silent ? [{ rule, silent: rule.silent }] : []))
      for (const id of watched.keys()) if (!those.some(({ rule }) => rule.id === id)) watched.delete(id)
      if (those.length === 0) return []
      const now = clock()
      const minute = Math.floor(now / MINUTE)
      // Asked each time: another process may have written the last one.
      const before = (await store.events.offsets(SOURCE))[0]?.position ?? 0
      if (minute <= before) return []
      const events: Event[] = []
      const sentences: string[] = []
      for (const { rule, silent } of those) {
        const { lasts } = await look(rule, silent, now)
        if (lasts.size >= MOST)
          sentences.push(`rule ${rule.id} watches ${MOST} values, and others not: name narrower fields in silent.by`)
        const told = await toldOf(rule)
        for (const [text, last] of lasts) {
          if (events.length >= AT_ONCE) break
          const values = JSON.parse(text) as Scalar[]
          const fields = silent.by.length > 0 ? silent.by : ['vonglau.silence.rule']
          const shown = silent.by.length > 0 ? values : [rule.id]
          const group = fields.map((field, i) => ({
            field,
            value: String(valuesOf({ [field]: shown[i]! } as Event, field)[0]),
          }))
          const isTold = told.has(groupKey(rule.id, group))
          const isSilent = now - last > silent.for
          if (isSilent !== isTold)
            events.push(await eventOf(rule, silent, values, last, isSilent ? 'silent' : 'heard', now))
        }
      }
      await store.events.append(
        { events, offsets: [{ source: SOURCE, segment: 'silence', position: minute, from: before }] },
        now,
      )
      return sentences
    },
  }
}
