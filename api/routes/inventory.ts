/** What the inventory says as of a day, and how it came to say it; what a person changes of it. The newest version is the truth. */
import { type Context, Hono } from 'hono'
import { countsAsOf, isOrphaned } from '../../ingest/inventory/counts.ts'
import { dayOf, isValidOn } from '../../ingest/inventory/days.ts'
import { agencyName, systemOf } from '../../ingest/inventory/scope.ts'
import { entryText, parseEntry } from '../../ingest/inventory/entry-text.ts'
import { entryAt, KINDS, placeText } from '../../ingest/inventory/entries.ts'
import { sees } from '../../ingest/store/scope.ts'
import { carried } from '../carried.ts'
import { audit, type Env, seesAll } from '../context.ts'
import type { ChangedInventory, InventoryView } from '../contract-province.ts'
import type { Installation } from '../installation.ts'
import type { Changed } from '../inventories.ts'
import { Stale } from '../inventory-changes.ts'
import { may } from '../permissions.ts'
import { notFound } from '../refusal.ts'
import { does } from '../does.ts'
import {
  changeInventory,
  getInventory,
  getInventoryEntry,
  getInventoryFile,
  settleInventory,
} from '../schema/inventory.ts'
import { plannedRows } from './systems.ts'

export const inventoryView = new Hono<Env>()
  .get('/', does(getInventory), async (c) => {
    const { installation, scope } = c.var
    const { inventory } = installation
    const now = installation.clock()
    const date = c.req.valid('query').date ?? dayOf(inventory.province.timezone, now)
    const seen = {
      ...inventory,
      agencies: inventory.agencies.filter(({ id }) => sees(scope, id)),
      systems: inventory.systems.filter(({ id, owner }) => sees(scope, owner, id)),
      portals: inventory.portals.filter(({ organization, system }) => sees(scope, organization, system)),
      devices: inventory.devices.filter(({ organization, system }) => sees(scope, organization, system)),
      networks: inventory.networks.filter(({ organization, system }) => sees(scope, organization, system)),
      signatures: inventory.signatures.filter(({ organization }) => sees(scope, organization)),
    }
    const { portals, portalsInAll, date: _, ...counts } = countsAsOf(seen, date)
    const named = (id: string) => ({ id, name: agencyName(inventory, id) ?? id })
    const body: InventoryView = {
      date,
      counts: { ...counts, portals: { ...portals }, all: portalsInAll },
      agencies: seen.agencies
        .filter((agency) => isValidOn(agency, date))
        .map(({ id, name, kind, valid_from, valid_to, successors, assumed }) => ({
          id,
          name,
          kind,
          assumed,
          ...(valid_from === undefined ? {} : { valid_from }),
          ...(valid_to === undefined ? {} : { valid_to }),
          successors: successors.map(named),
        })),
      orphans: seen.signatures
        .filter((each) => isOrphaned(each, inventory, date))
        .map(({ serial, holder, organization, expires }) => ({
          serial,
          holder,
          organization: named(organization),
          expires,
        })),
      planned: plannedRows(inventory, now)
        .filter(
          ({ organization, system, portal }) =>
            sees(scope, organization, system) || seen.portals.some(({ id }) => id === portal),
        )
        .map(({ id, from, to, who, why, organization, system, portal, source }) => ({
          id,
          from,
          to,
          who,
          why,
          on:
            (organization && named(organization).name) ??
            (system && (systemOf(inventory, system)?.name ?? system)) ??
            (portal && inventory.portals.find((each) => each.id === portal)?.domain) ??
            source ??
            '',
        })),
      duties: inventory.duties
        .filter((duty) => isValidOn(duty, date))
        .map(({ recipient, report, within, legal_basis, valid_from, checked }) => ({
          recipient,
          report,
          legal_basis,
          valid_from,
          ...(within === undefined ? {} : { within }),
          ...(checked === undefined ? {} : { checked }),
        })),
      versions: seesAll(scope)
        ? (await installation.inventories.list()).map((row) => ({ ...row, entries: [...row.entries] }))
        : [],
      version: installation.inventories.version(),
      // Who changes the inventory settles them; nobody else is told what is not decided.
      waiting: may(c.var.user, 'admin') ? waitingRows(installation) : [],
    }
    return c.json(body)
  })
  .get('/file', does(getInventoryFile), (c) => {
    const { inventories, config } = c.var.installation
    return c.json({
      ...(config.inventory === undefined ? {} : { path: config.inventory }),
      text: entryText(inventories.current()),
    })
  })
  .get('/:kind', does(getInventoryEntry), async (c) => {
    const { inventories } = c.var.installation
    const kind = KINDS.find((each) => each === c.req.param('kind'))
    if (!kind) throw notFound('loại mục này', 'kind of entries')
    const { key = '' } = c.req.valid('query')
    const entry = entryAt(inventories.current(), { kind, key })
    const history = await inventories.history({ kind, key })
    if (entry === undefined && history.length === 0) throw notFound('mục này của danh mục', 'entry of the inventory')
    return c.json({
      kind,
      key,
      version: inventories.version(),
      ...(entry === undefined ? {} : { text: entryText(entry) }),
      history: history.map(({ before, after, ...row }) => ({
        ...row,
        ...(before === undefined ? {} : { before: entryText(before) }),
        ...(after === undefined ? {} : { after: entryText(after) }),
      })),
    })
  })
  .post('/change', does(changeInventory), async (c) => {
    const { installation, user } = c.var
    const body = c.req.valid('json')
    const { kind, reason, seen } = body
    return c.json(
      await changed(
        c,
        async () => {
          const change =
            'end' in body ? { kind, key: body.key, end: true as const } : { kind, entry: parseEntry(body.text, kind) }
          return installation.changeInventory([change], { by: user.username, reason }, seen)
        },
        'inventory.change',
        'end' in body ? placeText(body) : undefined,
        reason,
      ),
    )
  })
  .post('/settle', does(settleInventory), async (c) => {
    const { installation, user } = c.var
    const { take, reason, ...place } = c.req.valid('json')
    return c.json(
      await changed(
        c,
        () => installation.settleInventory(place, take, { by: user.username, reason }),
        'inventory.settle',
        placeText(place),
        `${take}: ${reason}`,
      ),
    )
  })

const waitingRows = ({ inventories }: Installation): InventoryView['waiting'] =>
  inventories.waiting().map(({ kind, key, path, entry }) => {
    const held = entryAt(inventories.current(), { kind, key })
    return {
      kind,
      key,
      path,
      ...(entry === undefined ? {} : { file: entryText(entry) }),
      ...(held === undefined ? {} : { held: entryText(held) }),
    }
  })

/** Carries it out, leaves its trail, and refuses with what is wrong in it. */
export const changed = async (
  c: Context<Env>,
  work: () => Promise<Changed>,
  what: string,
  object: string | undefined,
  why: string,
): Promise<ChangedInventory> => {
  const result = await carried(work, {
    code: 'inventory',
    stale: (error) =>
      error instanceof Stale ? `${placeText(error.place)} vừa được người khác sửa: hãy xem lại rồi sửa.` : undefined,
    wrong: (message) => [`Danh mục không nhận thay đổi này: ${message}.`, `${message}.`],
  })
  const { version, difference, file } = result
  const places = [...difference.added, ...difference.changed, ...difference.ended, ...difference.parts]
  await audit(c, what, object ?? (places.slice(0, 5).join(', ') || '-'), why)
  const { added, changed: changed_, ended, parts } = difference
  return {
    version,
    added: [...added],
    changed: [...changed_],
    ended: [...ended],
    parts: [...parts],
    ...(file ? { file: { path: file.path, ...(file.why === undefined ? {} : { why: file.why }) } } : {}),
  }
}
