/** Days of the province's calendar as times, and what is in force at one. */
export interface Dated {
  readonly valid_from?: string | undefined
  readonly valid_to?: string | undefined
}

/** In force from..to in epoch ms. */
export interface Span {
  readonly from: number
  readonly to: number
}

export const DAY = 86_400_000

const day = (text: string | undefined, otherwise: number): number =>
  text === undefined ? otherwise : Date.parse(`${text}T00:00:00Z`)

/** `shift`: ms that the province's clock is ahead of UTC. */
export const spanOf = (entry: Dated, shift: number): Span => ({
  from: day(entry.valid_from, Number.NEGATIVE_INFINITY) - shift,
  to: day(entry.valid_to, Number.POSITIVE_INFINITY) - shift,
})
export const inForce = (span: Span, time: number): boolean => span.from <= time && time < span.to

/** Whether an entry is in force on a day YYYY-MM-DD: it counts from its first day on, and no more on `valid_to`. */
export const isValidOn = ({ valid_from, valid_to }: Dated, date: string): boolean =>
  (valid_from === undefined || valid_from <= date) && (valid_to === undefined || date < valid_to)

export const zoneShift = (timezone: string): number => {
  const name = new Intl.DateTimeFormat('en-US', { timeZone: timezone, timeZoneName: 'longOffset' })
    .formatToParts(Date.UTC(2025, 0, 1)) // today's offset: dates of validity are of this decade
    .find((part) => part.type === 'timeZoneName')?.value
  const m = /([+-])(\d\d):(\d\d)/.exec(name ?? '')
  return m ? (m[1] === '-' ? -1 : 1) * (Number(m[2]) * 60 + Number(m[3])) * 60_000 : 0
}

/** The province's day of a time, YYYY-MM-DD. */
export const dayOf = (timezone: string, time: number): string =>
  new Date(time + zoneShift(timezone)).toISOString().slice(0, 10)
