/** Working time by the province's calendar: service levels count it, but for what cannot wait. */
import { DAY, zoneShift } from './days.ts'
import type { Inventory } from './schema.ts'

/** ms after midnight of HH:MM. */
const clock = (text: string): number => (Number(text.slice(0, 2)) * 60 + Number(text.slice(3))) * 60_000

/** Asking for the offset of a zone is dear, and thousands of incidents ask for the same. */
const shifts = new Map<string, number>()
const shiftOf = (timezone: string): number => {
  const known = shifts.get(timezone) ?? zoneShift(timezone)
  shifts.set(timezone, known)
  return known
}

/** ms of working hours between two times (epoch ms); 0 where the second is not later. */
export const workingMs = (
  { calendar, province: { timezone } }: Pick<Inventory, 'calendar' | 'province'>,
  from: number,
  to: number,
): number => {
  const shift = shiftOf(timezone)
  let sum = 0
  for (let midnight = Math.floor((from + shift) / DAY) * DAY - shift; midnight < to; midnight += DAY) {
    // 1 January 1970 was a Thursday; Sunday is 7.
    const weekday = ((Math.floor((midnight + shift) / DAY) + 3) % 7) + 1
    if (!calendar.days.includes(weekday)) continue
    const date = new Date(midnight + shift).toISOString().slice(0, 10)
    if (calendar.off.some((off) => off.from <= date && date <= off.to)) continue
    for (const hours of calendar.hours)
      sum += Math.max(0, Math.min(to, midnight + clock(hours.to)) - Math.max(from, midnight + clock(hours.from)))
  }
  return sum
}
