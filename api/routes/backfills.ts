/** Alerts for the past: begun by a rule author after a backtest, carried out by whoever runs the rules. */
import { Hono } from 'hono'
import type { Stored } from '../../ingest/store/store.ts'
import type { Backfill as Document } from '../../rules/backfill.ts'
import { backfillOf, endBackfill, listOfBackfills } from '../backfills.ts'
import { audit, type Env, notFound } from '../context.ts'
import type { Backfill } from '../contract-rules.ts'
import { does } from '../does.ts'
import { cancelBackfill, listBackfills, startBackfill } from '../schema/backfills.ts'

const rowOf = ({ id, doc: { label: _, ...doc } }: Stored<Document>): Backfill => ({ ...doc, id }) as unknown as Backfill
/** The stretch, for the trail. */
export const stretchText = ({ from, to }: Pick<Document, 'from' | 'to'>): string =>
  `${new Date(from).toISOString()} – ${new Date(to).toISOString()}`

export const backfills = new Hono<Env>()
  .get('/', does(listBackfills), async (c) => {
    const items = await listOfBackfills(c.var.installation, c.req.valid('query').rule)
    return c.json({ items: items.map(rowOf) })
  })
  .post('/', does(startBackfill), async (c) => {
    const { installation, user } = c.var
    const begun = await backfillOf(installation, c.req.valid('json').backtest, user.username)
    await audit(c, 'rule.backfill', begun.doc.rule, stretchText(begun.doc))
    return c.json(rowOf(begun))
  })
  .post('/:id/cancel', does(cancelBackfill), async (c) => {
    const found = await endBackfill(c.var.installation, c.req.param('id'))
    if (!found) throw notFound('lần phát này', 'backfill')
    await audit(c, 'rule.backfill', found.doc.rule, `cancel: ${stretchText(found.doc)}`)
    return c.json(rowOf(found))
  })
