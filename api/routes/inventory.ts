/** What the inventory says as of a day, and how it came to say it. Read only: a file, or a version after it, is the truth. */
import { Hono } from 'hono'
import { countsAsOf, isOrphaned } from '../../ingest/inventory/counts.ts'
import { dayOf, isValidOn } from '../../ingest/inventory/days.ts'
import { agencyName, systemOf } from '../../ingest/inventory/scope.ts'
import { sees } from '../../ingest/store/scope.ts'
import type { Env } from '../context.ts'
import type { InventoryView } from '../contract-province.ts'
import { does } from '../does.ts'
import { getInventory } from '../schema/inventory.ts'
import { plannedRows } from './systems.ts'

export const inventoryView = new Hono<Env>().get('/', does(getInventory), async (c) => {
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
    versions: 'system' in scope ? await installation.inventories.list() : [],
  }
  return c.json(body)
})
