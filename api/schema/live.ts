/** Changes as they happen. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { position } from './query.ts'
import { alertRow, incidentRow } from './rows.ts'
import { replay, time } from './words.ts'

/** A server-sent event of GET /api/live. */
export const liveMessage = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('tick'),
      now: time,
      lag: z.number(),
      rate: z.number(),
      counts: z.strictObject({ alerts: z.number(), incidents: z.number(), silent: z.number() }),
      replay: replay.optional(),
    }),
    z.strictObject({ kind: z.literal('alerts'), seq: z.number(), changed: z.array(alertRow) }),
    z.strictObject({ kind: z.literal('incidents'), seq: z.number(), changed: z.array(incidentRow) }),
  ])
  .meta({ id: 'LiveMessage' })
export const followLive = operation({
  id: 'followLive',
  tag: 'live',
  summary: 'Changed alerts and incidents, and a tick every 3 s, as server-sent events',
  act: 'read',
  query: z.strictObject({
    alerts: position('The `seq` of a list of alerts: what changed since comes first'),
    incidents: position('The `seq` of a list of incidents'),
  }),
  answer: liveMessage,
  media: 'text/event-stream',
})
