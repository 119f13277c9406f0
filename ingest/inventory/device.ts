/**
 * The device that wrote a line: known by the source that reads it or by the sender's address, for a line can claim to be
 * from anybody. A serial number or a name in the line only chooses among the devices that the inventory puts there.
 */
import { field } from '../row/handles.ts'
import type { Said } from './concern.ts'
import type { Inventory, Observer } from './inventory.ts'

export interface DeviceLookup {
  /** The agency whose own device wrote the event; undefined where it is shared, or nobody knows it. */
  owner(event: Said): string | undefined
  /** The agency of a source, where all devices behind it are one agency's own. */
  ownerOfSource(source: string): string | undefined
}

const SOURCE = field('vonglau.source.id')
const SENDER = field('log.source.address')
const SERIAL = field('observer.serial_number')
const NAME = field('observer.name')

/** That of all of them, where they agree and none is shared. */
const common = (devices: readonly Observer[]): string | undefined => {
  const first = devices[0]
  return first && devices.every(({ organization, shared }) => !shared && organization === first.organization)
    ? first.organization
    : undefined
}

const lookups = new WeakMap<Inventory, DeviceLookup>()
/** Made once an inventory. */
export const deviceLookup = (inventory: Inventory): DeviceLookup => {
  let lookup = lookups.get(inventory)
  if (!lookup) lookups.set(inventory, (lookup = build(inventory)))
  return lookup
}

const build = (inventory: Inventory): DeviceLookup => {
  const bySource = new Map<string, Observer[]>()
  const byAddress = new Map<string, Observer[]>()
  const put = (map: Map<string, Observer[]>, key: string, device: Observer) => {
    const found = map.get(key)
    if (found) found.push(device)
    else map.set(key, [device])
  }
  for (const device of inventory.observers) {
    if (device.source !== undefined) put(bySource, device.source, device)
    if (device.address !== undefined) put(byAddress, device.address, device)
  }
  return {
    owner: (event) => {
      const [source, sender] = [event.text(SOURCE), event.text(SENDER)]
      const behind =
        (sender === undefined ? undefined : byAddress.get(sender)) ??
        (source === undefined ? undefined : bySource.get(source))
      if (behind === undefined) return undefined
      if (behind.length === 1) return common(behind)
      const serial = event.text(SERIAL)?.toLowerCase()
      const name = event.text(NAME)?.toLowerCase()
      const device =
        behind.find((each) => serial !== undefined && each.serial?.toLowerCase() === serial) ??
        behind.find((each) => name !== undefined && each.name.toLowerCase() === name)
      return common(device ? [device] : behind)
    },
    ownerOfSource: (source) => common(bySource.get(source) ?? []),
  }
}
