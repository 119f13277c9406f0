/** Changes as they happen, as server-sent events. Each stream sees with the scope of its session, and ends with it at once. */
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { and, eq } from '../../ingest/store/filter.ts'
import type { Collection, Document, Scope, Stored } from '../../ingest/store/store.ts'
import type { Env } from '../context.ts'
import type { LiveMessage } from '../contract.ts'
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

const watches = new WeakMap<object, Watch<Document>>()
const watchOf = <T extends Document>(collection: Collection<T>): Watch<T> => {
  let found = watches.get(collection)
  if (!found) watches.set(collection, (found = watch(collection) as unknown as Watch<Document>))
  return found as unknown as Watch<T>
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
    const alerts = alertsOf(installation)
    const incidents = incidentsOf(installation)
    const poke = () => wake()
    const newAlerts = await follow(alerts, scope, since.alerts ?? -1, poke)
    const newIncidents = await follow(incidents, scope, since.incidents ?? -1, poke)
    const tick = async () => {
      const status = (await installation.status()).filter(({ id }) => seesSource(installation, scope, id))
      await send({
        kind: 'tick',
        now: installation.clock(),
        lag: Math.max(0, ...status.filter((s) => s.rate > 0).map((s) => s.lag)),
        rate: status.reduce((sum, s) => sum + s.rate, 0),
        counts: {
          alerts: (await alerts.query(scope, { filter: and(LIVE, eq('alert.status', 'new')), limit: 1 })).total,
          incidents: (await incidents.query(scope, { filter: OPEN, limit: 1 })).total,
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
        if (shown.length)
          await send({ kind: 'alerts', seq, changed: shown.map((item) => alertRow(installation.inventory, item)) })
        if (cases.items.length)
          await send({
            kind: 'incidents',
            seq: cases.seq,
            changed: cases.items.map((item) => incidentRow(installation.inventory, item, installation.clock())),
          })
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
