/** Changes as they happen, as server-sent events. Each stream sees with the scope of its session, and ends with it at once. */
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { and, eq } from '../../ingest/store/filter.ts'
import type { Collection, Document, Scope, Stored } from '../../ingest/store/store.ts'
import type { Env } from '../context.ts'
import type { LiveMessage } from '../contract.ts'
import type { Installation } from '../installation.ts'
import { does } from '../does.ts'
import { followLive } from '../schema/live.ts'
import { alertRow, incidentRow } from '../rows.ts'
import { type Changes, holds, type Watch, watch } from '../watch.ts'
import { alertsOf, LIVE } from './alerts.ts'
import { incidentsOf, OPEN } from './incidents.ts'
import { seesSource } from './sources.ts'

/** ms between two ticks. Each asks whether the session still is: what another process ended is over within 5 s. */
const TICK = 3000
const PAGE = 200
/** ms for which what all streams of a scope ask for is remembered. */
const SHARED = 2000

const watches = new WeakMap<object, Watch<Document>>()
const watchOf = <T extends Document>(collection: Collection<T>): Watch<T> => {
  let found = watches.get(collection)
  if (!found) watches.set(collection, (found = watch(collection) as unknown as Watch<Document>))
  return found as unknown as Watch<T>
}

/** What many streams ask for at the same moment is asked once: the answer holds for less than a tick. */
const asked = new WeakMap<Installation, Map<string, { readonly at: number; readonly answer: Promise<unknown> }>>()
const together = <T>(installation: Installation, what: string, ask: () => Promise<T>): Promise<T> => {
  let known = asked.get(installation)
  if (!known) asked.set(installation, (known = new Map()))
  const now = performance.now()
  const found = known.get(what)
  if (found && now - found.at < SHARED) return found.answer as Promise<T>
  for (const [key, { at }] of known) if (now - at >= SHARED) known.delete(key)
  const answer = ask()
  known.set(what, { at: now, answer })
  return answer
}

/** Rows as they are sent, and their text, made once for all streams. */
const rows = new WeakMap<object, { readonly row: unknown; text: string | undefined }>()
const rowOf = <T extends object>(item: T, make: (item: T) => unknown) => {
  let found = rows.get(item)
  if (!found) rows.set(item, (found = { row: make(item), text: undefined }))
  return found
}

/** What a stream has not told yet of one collection, each document once, the newest of it. */
const follow = async <T extends Document>(collection: Collection<T>, scope: Scope, since: number, wake: () => void) => {
  const sees = holds(scope)
  let told = since
  let waiting: { seq: number; items: Map<string, Stored<T>> } = { seq: told, items: new Map() }
  const end = watchOf(collection).listen(({ seq, items }: Changes<T>) => {
    for (const item of items) if (item.seq > told && sees(item.doc)) waiting.items.set(item.id, item)
    waiting.seq = Math.max(waiting.seq, seq)
    if (waiting.items.size > 0) wake()
  })
  try {
    if (told < 0) told = await collection.newest()
    waiting.seq = Math.max(waiting.seq, told)
    return {
      end,
      /** What came before this stream listened, a page at a time; then what the reader brought. */
      take: async (): Promise<{ seq: number; items: Stored<T>[] }> => {
        if (since >= 0) {
          const page = await collection.changesSince(scope, told, PAGE)
          if (page.items.length < PAGE) since = -1
          told = Math.max(told, page.seq)
          if (page.items.length > 0) return { seq: told, items: [...page.items] }
        }
        const now = waiting
        waiting = { seq: now.seq, items: new Map() }
        told = Math.max(told, now.seq)
        return { seq: told, items: [...now.items.values()] }
      },
    }
  } catch (error) {
    end()
    throw error
  }
}

export const live = new Hono<Env>().get('/', does(followLive), (c) => {
  const { installation, scope, sight, auth, user } = c.var
  const headers = c.req.raw.headers
  const since = c.req.valid('query')
  c.header('X-Accel-Buffering', 'no')
  return streamSSE(c, async (stream) => {
    let closed = false
    let wake = () => {}
    const woken = () => new Promise<void>((resolve) => (wake = resolve))
    // A role, an agency, a password that changed, an account that was disabled: heard of at once in this process.
    let ended = false
    const forget = auth.onEnded(user.id, () => {
      ended = true
      wake()
    })
    stream.onAbort(() => {
      closed = true
      wake()
    })
    const send = (message: LiveMessage) => stream.writeSSE({ data: JSON.stringify(sight.shown(c.req.path, message)) })
    /** Who is shown all is sent the text that the others are sent. */
    const sendRows = async <T extends object>(
      kind: 'alerts' | 'incidents',
      seq: number,
      items: readonly T[],
      make: (item: T) => unknown,
    ) => {
      const made = items.map((item) => rowOf(item, make))
      if (!sight.whole) return send({ kind, seq, changed: made.map(({ row }) => row) } as LiveMessage)
      const texts = made.map((each) => (each.text ??= JSON.stringify(each.row)))
      await stream.writeSSE({ data: `{"kind":"${kind}","seq":${seq},"changed":[${texts.join()}]}` })
    }
    const alerts = alertsOf(installation)
    const incidents = incidentsOf(installation)
    const poke = () => wake()
    const newAlerts = await follow(alerts, scope, since.alerts ?? -1, poke)
    const newIncidents = await follow(incidents, scope, since.incidents ?? -1, poke)
    const tick = async () => {
      const all = await together(installation, 'status', installation.status)
      const status = all.filter(({ id }) => seesSource(installation, scope, id))
      const [fresh, open] = await together(installation, JSON.stringify(scope), () =>
        Promise.all([
          alerts.query(scope, { filter: and(LIVE, eq('alert.status', 'new')), limit: 1 }),
          incidents.query(scope, { filter: OPEN, limit: 1 }),
        ]),
      )
      await send({
        kind: 'tick',
        now: installation.clock(),
        lag: Math.max(0, ...status.filter((s) => s.rate > 0).map((s) => s.lag)),
        rate: status.reduce((sum, s) => sum + s.rate, 0),
        counts: {
          alerts: fresh.total,
          incidents: open.total,
          silent: status.filter((s) => s.state === 'silent').length,
        },
        ...(installation.replay ? { replay: installation.replay } : {}),
      })
    }
    let next = 0
    try {
      while (!closed) {
        const due = performance.now() >= next
        if (ended || due) {
          ended = false
          if (!(await auth.session(headers))) break
        }
        if (due) {
          next = performance.now() + TICK
          await tick()
        }
        const sleeping = woken()
        const [{ seq, items }, cases] = [await newAlerts.take(), await newIncidents.take()]
        const shown = items.filter(({ doc }) => doc['alert.status'] !== 'absorbed')
        if (shown.length) await sendRows('alerts', seq, shown, (item) => alertRow(installation.inventory, item))
        if (cases.items.length)
          await sendRows('incidents', cases.seq, cases.items, (item) =>
            incidentRow(installation.inventory, item, installation.clock()),
          )
        if (items.length === 0 && cases.items.length === 0 && !closed && !ended)
          await Promise.race([sleeping, stream.sleep(Math.max(0, next - performance.now()))])
      }
    } finally {
      forget()
      newAlerts.end()
      newIncidents.end()
    }
  })
})
