/**
 * The device that wrote a line: known by the source that reads it or by the sender's address, for a line can claim to be
 * from anybody. A serial number or a name in the line only chooses among the devices that the inventory puts there.
 */
import { field } from '../row/handles.ts'
import type { Said } from './concern.ts'
import { inForce, type Span, spanOf, zoneShift } from './days.ts'
import type { Device, Inventory } from './schema.ts'

export interface DeviceLookup {
  /** The device that wrote the event at a time; undefined where nobody knows it, or several of different owners might have. */
  device(event: Said, time: number): Device | undefined
  /** The agency of a source, where all devices behind it are one agency's own. */
  ownerOfSource(source: string): string | undefined
  /** The system of a source, where all devices behind it are of that one, and of one agency. */
  systemOfSource(source: string): string | undefined
}

const SOURCE = field('vonglau.source.id')
const SENDER = field('log.source.address')
const SERIAL = field('observer.serial_number')
const NAME = field('observer.name')

interface Placed extends Span {
  readonly device: Device
}

/** One for all of them, where they are one agency's own: of one system only where all are. */
const common = (devices: readonly Placed[]): Device | undefined => {
  const first = devices[0]?.device
  if (!first || devices.length === 1) return first
  if (!devices.every(({ device }) => !device.shared && device.organization === first.organization)) return undefined
  return devices.every(({ device }) => device.system === first.system) ? first : { ...first, system: undefined }
}

const lookups = new WeakMap<Inventory, DeviceLookup>()
/** Made once an inventory. */
export const deviceLookup = (inventory: Inventory): DeviceLookup => {
  let lookup = lookups.get(inventory)
  if (!lookup) lookups.set(inventory, (lookup = build(inventory)))
  return lookup
}

const build = (inventory: Inventory): DeviceLookup => {
  const bySource = new Map<string, Placed[]>()
  const byAddress = new Map<string, Placed[]>()
  const put = (map: Map<string, Placed[]>, key: string, device: Placed) => {
    const found = map.get(key)
    if (found) found.push(device)
    else map.set(key, [device])
  }
  const shift = zoneShift(inventory.province.timezone)
  for (const device of inventory.devices) {
    const placed = { device, ...spanOf(device, shift) }
    if (device.source !== undefined) put(bySource, device.source, placed)
    if (device.address !== undefined) put(byAddress, device.address, placed)
  }
  const alive = (found: readonly Placed[] | undefined, time: number): readonly Placed[] | undefined => {
    if (found?.every((each) => inForce(each, time))) return found
    const left = found?.filter((each) => inForce(each, time))
    return left?.length ? left : undefined
  }
  return {
    device: (event, time) => {
      const [source, sender] = [event.text(SOURCE), event.text(SENDER)]
      const behind =
        alive(sender === undefined ? undefined : byAddress.get(sender), time) ??
        alive(source === undefined ? undefined : bySource.get(source), time)
      if (behind === undefined) return undefined
      if (behind.length === 1) return common(behind)
      const serial = event.text(SERIAL)?.toLowerCase()
      const name = event.text(NAME)?.toLowerCase()
      const device =
        behind.find(({ device: each }) => serial !== undefined && each.serial?.toLowerCase() === serial) ??
        behind.find(({ device: each }) => name !== undefined && each.name.toLowerCase() === name)
      return common(device ? [device] : behind)
    },
    ownerOfSource: (source) => {
      const device = common(bySource.get(source) ?? [])
      return device?.shared ? undefined : device?.organization
    },
    systemOfSource: (source) => {
      const device = common(bySource.get(source) ?? [])
      return device?.shared ? undefined : device?.system
    },
  }
}
