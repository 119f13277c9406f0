/** How soon incidents have to be settled, as the inventory says it. */
import type { Inventory } from './schema.ts'

/** Hours to settle an incident, by level, of the deadlines in force. */
export const resolveHours = (inventory: Inventory, now: number): { [level: string]: number } => {
  const day = new Date(now).toISOString().slice(0, 10)
  const inForce = inventory.deadlines
    .filter((each) => each.valid_from <= day)
    .sort((a, b) => (a.valid_from < b.valid_from ? 1 : -1))[0]
  const hours: { [level: string]: number } = { critical: 4, high: 24, medium: 72, low: 168, informational: 336 }
  for (const [level, service] of Object.entries(inForce?.levels ?? {})) hours[level] = service.resolve
  return hours
}
