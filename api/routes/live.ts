/** Changes as they happen, as server-sent events. Each stream reads with the scope of its session. */
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { and, eq } from '../../ingest/store/filter.ts'
import type { Env } from '../context.ts'
import { number } from '../context.ts'
import type { LiveMessage } from '../contract.ts'
import { alertRow, incidentRow } from '../rows.ts'
import { alertsOf, LIVE } from './alerts.ts'
import { incidentsOf, OPEN } from './incidents.ts'
import { seesSource } from './sources.ts'

const EVERY = 1000
const TICK = 5

export const live = new Hono<Env>().get('/', (c) => {
  const { installation, scope, auth } = c.var
  const alerts = alertsOf(installation)
  const incidents = incidentsOf(installation)
  const headers = c.req.raw.headers
  c.header('X-Accel-Buffering', 'no')
  return streamSSE(c, async (stream) => {
    let closed = false
    stream.onAbort(() => {
      closed = true
    })
    const send = (message: LiveMessage) => stream.writeSSE({ data: JSON.stringify(message) })
    let alertSeq = number(c.req.query('alerts'), -1)
    let incidentSeq = number(c.req.query('incidents'), -1)
    if (alertSeq < 0) alertSeq = await alerts.newest()
    if (incidentSeq < 0) incidentSeq = await incidents.newest()
    for (let round = 0; !closed; round++) {
      if (round % TICK === 0) {
        // A session that ended (signed out, disabled, another role) ends its stream.
        if (!(await auth.session(headers))) break
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
      const newAlerts = await alerts.changesSince(scope, alertSeq, 200)
      if (newAlerts.seq > alertSeq) {
        alertSeq = newAlerts.seq
        const shown = newAlerts.items.filter(({ doc }) => doc['alert.status'] !== 'absorbed')
        if (shown.length)
          await send({
            kind: 'alerts',
            seq: alertSeq,
            changed: shown.map((item) => alertRow(installation.inventory, item)),
          })
      }
      const newIncidents = await incidents.changesSince(scope, incidentSeq, 200)
      if (newIncidents.seq > incidentSeq) {
        incidentSeq = newIncidents.seq
        if (newIncidents.items.length)
          await send({
            kind: 'incidents',
            seq: incidentSeq,
            changed: newIncidents.items.map((item) => incidentRow(installation.inventory, item, installation.clock())),
          })
      }
      await stream.sleep(EVERY)
    }
  })
})
