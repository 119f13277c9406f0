/** Agencies that end and those that have their duties then: shown before it is done, and done as one version of the inventory. */
import { Hono } from 'hono'
import { dayOf } from '../../ingest/inventory/days.ts'
import { entryText } from '../../ingest/inventory/entry-text.ts'
import { entriesOf, placeText } from '../../ingest/inventory/entries.ts'
import { changesBetween } from '../../ingest/inventory/merge.ts'
import { agencyName } from '../../ingest/inventory/scope.ts'
import { type Planned, planSuccession, type Succession } from '../../ingest/inventory/succession.ts'
import { and, eq, not } from '../../ingest/store/filter.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import { difference } from '../../rules/difference.ts'
import type { Incident } from '../../rules/case/incident.ts'
import type { Env } from '../context.ts'
import { does } from '../does.ts'
import type { Installation } from '../installation.ts'
import { personalVersion } from '../inventory-changes.ts'
import { Refusal } from '../refusal.ts'
import { carrySuccession as carryOperation, planSuccession as planOperation } from '../schema/succession.ts'
import { changed } from './inventory.ts'

const planned = (installation: Installation, asked: Succession): Planned => {
  const { inventory, clock } = installation
  return planSuccession(inventory, asked, dayOf(inventory.province.timezone, clock()))
}

export const succession = new Hono<Env>()
  .post('/plan', does(planOperation), async (c) => {
    const { installation, user } = c.var
    const { inventory, clock, inventories, store } = installation
    const asked = c.req.valid('json')
    const names = new Map(asked.founded.map(({ id, name }) => [id, name]))
    const named = (id: string) => ({ id, name: agencyName(inventory, id) ?? names.get(id) ?? id })
    let plan: Planned
    let next: typeof inventory
    try {
      plan = planned(installation, asked)
      // Checked as a whole, as it would be when it is carried out; and not kept.
      next = personalVersion(
        { n: 0, inventory, files: [], hashes: [], personal: [], waiting: [] },
        undefined,
        plan.changes,
        { by: user.username, reason: '' },
        { now: clock(), day: asked.date },
      ).version.inventory
    } catch (error) {
      throw wrong(error as Error)
    }
    const [was, is] = [entriesOf(inventory), entriesOf(next)]
    const textIn = (map: typeof was, place: string) => {
      const entry = map.get(place)?.entry
      return entry === undefined ? '' : entryText(entry)
    }
    const open = await store.documents.collection<Incident>('incidents').query(SYSTEM, {
      filter: and(eq('organization.id', ...asked.predecessors), not(eq('incident.status', 'closed'))),
      limit: 1,
    })
    return c.json({
      version: inventories.version(),
      handed: plan.handed.map((each) => ({ ...each, from: named(each.from), to: named(each.to) })),
      changes: changesBetween(inventory, next).map(({ kind, key }) => {
        const place = placeText({ kind, key })
        return { kind, key, lines: [...difference(textIn(was, place), textIn(is, place))] }
      }),
      incidents: open.total,
    })
  })
  .post('/', does(carryOperation), async (c) => {
    const { installation, user } = c.var
    const { reason, seen, ...asked } = c.req.valid('json')
    const what = `${asked.predecessors.join(', ')} → ${asked.successors.join(', ')}`
    return c.json(
      await changed(
        c,
        async () =>
          installation.changeInventory(planned(installation, asked).changes, { by: user.username, reason }, seen),
        'inventory.succession',
        what,
        `${asked.date}: ${reason}`,
      ),
    )
  })

const wrong = ({ message }: Error): Refusal =>
  new Refusal(422, 'inventory', `Danh mục không nhận thay đổi này: ${message}.`, `${message}.`)
